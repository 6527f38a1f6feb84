
/* Firmware --------------------------------------------------------------------------------------
 *
 * Builds without an operating system call this if there is a bug in tipwire. There is a weak one that
 * stops there; a program may have its own, which must not return. Elsewhere TIPWIRE_E_PANIC is
 * returned instead.
 */

#if defined(__GNUC__)
__attribute__((noreturn))
#endif
void tipwire_panicked(void);

#ifdef __cplusplus
}
#endif

#endif /* TIPWIRE_H */
