//! The pointers of C callers: this is where they are believed, and the only unsafe code.
//!
//! The functions here are safe to call because of what the header tells C: a pointer is NULL, or it
//! points to what its type says, for as long as the header says. NULL, misaligned pointers and
//! lengths that no memory has are found here.

use core::ffi::{CStr, c_char, c_void};
use core::mem::{MaybeUninit, align_of, size_of};
use core::{ptr, slice, str};

use crate::error::{TIPWIRE_E_ARGUMENT, TIPWIRE_E_UNINITIALIZED, status};
use codec::{Kind, Pull, Push, Reply, Slice, valid_up_to};

/// What a function does; the error is a status.
pub type Outcome<T = ()> = Result<T, i32>;

fn check<T>(pointer: *const T) -> Outcome {
    if pointer.is_null() || !pointer.is_aligned() { Err(TIPWIRE_E_ARGUMENT) } else { Ok(()) }
}

/// What is only read.
pub fn read<'a, T>(pointer: *const T) -> Outcome<&'a T> {
    check(pointer)?;
    // SAFETY: it is aligned and not NULL; the caller says that it points to a T.
    Ok(unsafe { &*pointer })
}

/// What is gone on with, such as an iterator.
pub fn change<'a, T>(pointer: *mut T) -> Outcome<&'a mut T> {
    check(pointer)?;
    // SAFETY: it is aligned and not NULL; the caller says that it points to a T, which nobody else
    // uses until this call returns.
    Ok(unsafe { &mut *pointer })
}

/// A place for a result, whatever it holds now.
pub struct Place<T>(*mut T);

impl<T> Place<T> {
    pub fn set(self, value: T) {
        // SAFETY: `place` found it aligned and not NULL; the caller says that there is room for a T.
        unsafe { self.0.write(value) };
    }

    /// Sets it to what is gone on with there.
    pub fn begin<'a>(self, value: T) -> &'a mut T {
        // SAFETY: as above; nobody else uses it until this call returns.
        unsafe {
            self.0.write(value);
            &mut *self.0
        }
    }
}

pub fn place<T>(pointer: *mut T) -> Outcome<Place<T>> {
    check(pointer).map(|()| Place(pointer))
}

/// Places for results that follow each other.
pub struct Places<T> {
    next: *mut T,
    left: usize,
}

impl<T> Places<T> {
    /// Sets the next one, if there is one left.
    pub fn set_next(&mut self, value: T) {
        if let Some(left) = self.left.checked_sub(1) {
            // SAFETY: `places` found the first one aligned and not NULL, and that memory can have so
            // many; the caller says that there is room for them, of which this is one.
            unsafe { self.next.write(value) };
            self.next = self.next.wrapping_add(1);
            self.left = left;
        }
    }
}

pub fn places<T>(pointer: *mut T, count: usize) -> Outcome<Places<T>> {
    check(pointer)?;
    has_memory::<T>(count)?;
    Ok(Places { next: pointer, left: count })
}

/// Whether memory can have so many.
fn has_memory<T>(count: usize) -> Outcome {
    match count.checked_mul(size_of::<T>()) {
        Some(size) if size <= isize::MAX as usize => Ok(()),
        _ => Err(TIPWIRE_E_ARGUMENT),
    }
}

/// Sets a result that the caller may not want, and is made only then.
pub fn set_if_wanted<T>(pointer: *mut T, value: impl FnOnce() -> T) {
    if let Ok(place) = place(pointer) {
        place.set(value());
    }
}

/// Bytes to be read.
pub fn bytes(pointer: *const c_void, length: usize) -> Outcome<&'static [u8]> {
    if pointer.is_null() || length > isize::MAX as usize {
        return Err(TIPWIRE_E_ARGUMENT);
    }
    // SAFETY: it is not NULL and the length is one that memory can have; the caller says that so
    // many bytes are there, for as long as the header says.
    Ok(unsafe { slice::from_raw_parts(pointer.cast(), length) })
}

/// Bytes to be written.
pub fn buffer(pointer: *mut c_void, length: usize) -> Outcome<&'static mut [u8]> {
    if pointer.is_null() || length > isize::MAX as usize {
        return Err(TIPWIRE_E_ARGUMENT);
    }
    // SAFETY: it is not NULL and the length is one that memory can have; the caller says that so
    // many bytes are there for us alone, for as long as the header says. C has no bytes that cannot
    // be read.
    Ok(unsafe { slice::from_raw_parts_mut(pointer.cast(), length) })
}

/// Text with a NUL at its end.
#[inline(always)]
pub fn string(pointer: *const c_char) -> Outcome<&'static str> {
    let Found { start, length } = find(pointer);
    if start.is_null() {
        return Err(length as i32);
    }
    // SAFETY: `find` found so many bytes of UTF-8 there, before the NUL that the caller says is there.
    Ok(unsafe { str::from_utf8_unchecked(slice::from_raw_parts(start, length)) })
}

/// A text, or NULL and a status: in two registers.
struct Found {
    start: *const u8,
    length: usize,
}

#[cfg_attr(not(tipwire_small), inline(always))]
#[cfg_attr(tipwire_small, inline(never))]
fn find(pointer: *const c_char) -> Found {
    let none = |status: i32| Found { start: ptr::null(), length: status as usize };
    if pointer.is_null() {
        return none(TIPWIRE_E_ARGUMENT);
    }
    // SAFETY: it is not NULL; the caller says that a NUL ends it.
    let bytes = unsafe { CStr::from_ptr(pointer) }.to_bytes();
    match utf8(bytes) {
        Ok(text) => Found { start: text.as_ptr(), length: text.len() },
        Err(_) => none(status(Kind::Utf8)),
    }
}

/// Text of so many bytes.
#[cfg_attr(tipwire_small, inline(never))]
pub fn text(pointer: *const c_void, length: usize) -> Outcome<&'static str> {
    utf8(bytes(pointer, length)?).map_err(|_| status(Kind::Utf8))
}

/// The text that bytes are; else how many at the front are one.
#[inline(always)]
pub fn utf8(bytes: &[u8]) -> Result<&str, usize> {
    let valid = valid_up_to(bytes);
    if valid == bytes.len() {
        // SAFETY: all of it was found to be UTF-8.
        return Ok(unsafe { str::from_utf8_unchecked(bytes) });
    }
    Err(valid)
}

/// A C struct that is room for a Rust value.
///
/// The value stands at the first address in it that is aligned for it, after a word that says that
/// it is there: C zeroes storage, or forgets that setting it up has failed.
pub trait Storage: Sized {
    type Value;
}

struct Stored<T> {
    mark: u32,
    value: T,
}

/// Not likely to be found in memory that nobody has set up.
const MARK: u32 = 0x7469_7077;

/// Whether a struct has room for its value, wherever it stands.
pub const fn has_room<S: Storage>() -> bool {
    let slack = align_of::<Stored<S::Value>>().saturating_sub(align_of::<S>());
    size_of::<Stored<S::Value>>() + slack <= size_of::<S>()
}

fn stored<S: Storage>(storage: *mut S) -> Outcome<*mut Stored<S::Value>> {
    const { assert!(has_room::<S>()) };
    check(storage)?;
    let start = storage.cast::<u8>();
    let offset = start.align_offset(align_of::<Stored<S::Value>>());
    Ok(start.wrapping_add(offset).cast())
}

/// Puts a value there.
pub fn store<S: Storage>(storage: *mut S, value: S::Value) -> Outcome {
    let place = stored(storage)?;
    // SAFETY: it is aligned for it, and there is room, as `stored` asserts; the caller says that it
    // points to an S.
    unsafe {
        ptr::addr_of_mut!((*place).value).write(value);
        ptr::addr_of_mut!((*place).mark).write(MARK);
    }
    Ok(())
}

fn marked<S: Storage>(storage: *mut S) -> Outcome<*mut Stored<S::Value>> {
    let place = stored(storage)?;
    // SAFETY: it is aligned, and within the S that the caller says is there.
    let mark = unsafe { ptr::addr_of!((*place).mark).read() };
    if mark == MARK { Ok(place) } else { Err(TIPWIRE_E_UNINITIALIZED) }
}

/// The value that is there.
pub fn fetch<'a, S: Storage>(storage: *const S) -> Outcome<&'a S::Value> {
    let place = marked(storage.cast_mut())?;
    // SAFETY: the mark says that `store` has put a value there.
    Ok(unsafe { &(*place).value })
}

/// The value that is there, to be changed.
pub fn fetch_mut<'a, S: Storage>(storage: *mut S) -> Outcome<&'a mut S::Value> {
    let place = marked(storage)?;
    // SAFETY: the mark says that `store` has put a value there, which nobody else uses until this
    // call returns.
    Ok(unsafe { &mut (*place).value })
}

/// Drops the value that is there, wiping what is secret in it.
pub fn discard<S: Storage>(storage: *mut S) -> Outcome {
    let place = marked(storage)?;
    // SAFETY: the mark says that there is a value; it is taken away, so that this happens once.
    unsafe {
        ptr::drop_in_place(ptr::addr_of_mut!((*place).value));
        ptr::addr_of_mut!((*place).mark).write_volatile(0);
    }
    Ok(())
}

/// Room for so many values, in as many structs of C as are there, each with this in it.
pub fn array<S, T: Copy>(structs: *mut S, count: usize, value: T) -> Outcome<&'static mut [T]> {
    const { assert!(size_of::<T>() <= size_of::<S>() && align_of::<T>() <= align_of::<S>()) };
    check(structs)?;
    has_memory::<S>(count)?;
    let first = structs.cast::<T>();
    for nth in 0..count {
        // SAFETY: it is aligned and not NULL; the caller says that so many structs are there for us
        // alone, and none of the values is larger than one of them.
        unsafe { first.add(nth).write(value) };
    }
    // SAFETY: as above; all of them have just been written.
    Ok(unsafe { slice::from_raw_parts_mut(first, count) })
}

/// What borrows from nobody knows whom.
pub trait Borrowing {
    /// The same, as long as it is used.
    type Lasting;
}

impl Borrowing for Push<Slice<'_>> {
    type Lasting = Push<Slice<'static>>;
}

impl Borrowing for Pull<Slice<'_>> {
    type Lasting = Pull<Slice<'static>>;
}

impl Borrowing for Reply<Slice<'_>> {
    type Lasting = Reply<Slice<'static>>;
}

/// What is lent to C for as long as a function of the caller's runs.
pub fn prolong<B: Borrowing>(borrowing: &mut B) -> &'static mut B::Lasting {
    // SAFETY: the types are the same but for a lifetime. The writer that gets it is gone when the
    // function has returned, and nobody else uses it until then.
    unsafe { &mut *ptr::from_mut(borrowing).cast() }
}

/// One of several types that do the same, `D`, in as many words as the largest of them needs.
///
/// Which one it is is known by a pointer to a function that is put there with it: what a program never
/// puts there is not linked.
pub struct Either<D: ?Sized, const WORDS: usize> {
    room: [MaybeUninit<u64>; WORDS],
    view: fn(*mut u64) -> *mut D,
}

/// That a type does what `D` does.
pub trait Does<D: ?Sized>: Sized {
    fn view(this: *mut Self) -> *mut D;
}

impl<D: ?Sized, const WORDS: usize> Either<D, WORDS> {
    pub fn new<T: Does<D>>(value: T) -> Either<D, WORDS> {
        const { assert!(size_of::<T>() <= 8 * WORDS && align_of::<T>() <= align_of::<u64>()) };
        const { assert!(!core::mem::needs_drop::<T>()) };
        let mut room = [MaybeUninit::uninit(); WORDS];
        // SAFETY: the words have room for the value, and are aligned for it.
        unsafe { room.as_mut_ptr().cast::<T>().write(value) };
        Either { room, view: |room| T::view(room.cast()) }
    }

    pub fn get(&self) -> &D {
        let room = self.room.as_ptr().cast_mut().cast();
        // SAFETY: `new` has put a value there of the type that the function knows.
        unsafe { &*(self.view)(room) }
    }

    pub fn get_mut(&mut self) -> &mut D {
        // SAFETY: as above.
        unsafe { &mut *(self.view)(self.room.as_mut_ptr().cast()) }
    }
}

/// A C struct that begins with words in which a Rust value stands, and may be copied.
pub trait Copied: Sized {
    type Value: Clone;
    /// How many words there are.
    const WORDS: usize;
    const EMPTY: Self;
}

const fn fits<S: Copied>() -> bool {
    size_of::<S::Value>() <= 8 * S::WORDS
        && 8 * S::WORDS <= size_of::<S>()
        && align_of::<S::Value>() <= align_of::<S>()
}

/// The struct that holds this value.
#[inline(always)]
pub fn hold<S: Copied>(value: S::Value) -> S {
    const { assert!(fits::<S>()) };
    let mut held = S::EMPTY;
    // SAFETY: the words have room for the value, and are aligned for it.
    unsafe { ptr::from_mut(&mut held).cast::<S::Value>().write(value) };
    held
}

impl<S: Copied> Place<S> {
    /// Puts a value there; what else the struct has is empty. Without a copy in between.
    #[inline(always)]
    pub fn hold<'a>(self, value: &S::Value) -> &'a mut S {
        const { assert!(fits::<S>() && !core::mem::needs_drop::<S::Value>()) };
        // SAFETY: `place` found it aligned and not NULL; the caller says that there is room for an
        // S, which nobody else uses until this call returns. The words in it have room for the
        // value, and are aligned for it. Nothing is dropped, so that its bits are as good as itself.
        unsafe {
            self.0.write(S::EMPTY);
            ptr::copy_nonoverlapping(value, self.0.cast::<S::Value>(), 1);
            &mut *self.0
        }
    }

    /// The room for the value in it.
    pub fn room(&mut self) -> &mut MaybeUninit<S::Value> {
        const { assert!(fits::<S>()) };
        // SAFETY: `place` found it aligned and not NULL; the caller says that there is room for an S,
        // which nobody else uses until this call returns. The words in it have room for the value, and
        // are aligned for it.
        unsafe { &mut *self.0.cast() }
    }

    /// The struct, when there is a value in its room.
    pub fn filled<'a>(self) -> &'a mut S {
        // SAFETY: as above; what else is in it are bytes of C, any of which are numbers and pointers.
        unsafe { &mut *self.0 }
    }
}

/// The value that is in the words of a struct.
pub fn held_in<S: Copied, const WORDS: usize>(words: &[u64; WORDS]) -> &S::Value {
    const { assert!(fits::<S>() && WORDS == S::WORDS) };
    // SAFETY: as for `held`.
    unsafe { &*ptr::from_ref(words).cast() }
}

/// The value that a struct holds.
pub fn held<S: Copied>(holder: &S) -> &S::Value {
    const { assert!(fits::<S>()) };
    // SAFETY: only `hold` makes these structs, and the caller says that this is one.
    unsafe { &*ptr::from_ref(holder).cast() }
}

/// The value that a struct holds, to be changed.
pub fn held_mut<S: Copied>(holder: &mut S) -> &mut S::Value {
    const { assert!(fits::<S>()) };
    // SAFETY: only `hold` makes these structs, and the caller says that this is one.
    unsafe { &mut *ptr::from_mut(holder).cast() }
}
