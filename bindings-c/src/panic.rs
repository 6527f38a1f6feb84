//! No panic crosses into C. The core has none; this is for those that should not exist.

use crate::memory::Outcome;

/// Runs a function's body and gives what C gets: what it returns, or a status.
#[cfg(feature = "std")]
#[inline(always)]
pub fn guard(body: impl FnOnce() -> Outcome<i32>) -> i32 {
    let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body));
    match caught {
        Ok(Ok(value)) | Ok(Err(value)) => value,
        Err(_) => crate::error::TIPWIRE_E_PANIC,
    }
}

#[cfg(not(feature = "std"))]
#[inline(always)]
pub fn guard(body: impl FnOnce() -> Outcome<i32>) -> i32 {
    match body() {
        Ok(value) | Err(value) => value,
    }
}

/// The same for what only succeeds or fails.
#[inline(always)]
pub fn run(body: impl FnOnce() -> Outcome) -> i32 {
    guard(|| body().map(|()| 0))
}

/// The same for what gives a value and has one to give where it fails.
#[inline(always)]
pub fn value<T>(otherwise: T, body: impl FnOnce() -> Outcome<T>) -> T {
    let mut result = otherwise;
    let place = &mut result;
    let _ = guard(|| {
        *place = body()?;
        Ok(0)
    });
    result
}

#[cfg(not(feature = "std"))]
mod bare {
    // A weak `tipwire_panicked`, which firmware may replace: it stops here. Assembly, since the
    // stable language has no weak symbols. On Xtensa, where Rust takes none, who makes the files adds it.
    #[cfg(target_arch = "arm")]
    core::arch::global_asm!(
        ".section .text.tipwire_panicked,\"ax\",%progbits",
        ".weak tipwire_panicked",
        ".type tipwire_panicked,%function",
        ".thumb_func",
        "tipwire_panicked:",
        "b tipwire_panicked",
    );
    #[cfg(target_arch = "riscv32")]
    core::arch::global_asm!(
        ".section .text.tipwire_panicked,\"ax\",@progbits",
        ".weak tipwire_panicked",
        ".type tipwire_panicked,@function",
        "tipwire_panicked:",
        "j tipwire_panicked",
    );
    #[cfg(target_arch = "avr")]
    core::arch::global_asm!(
        ".section .text.tipwire_panicked,\"ax\",@progbits",
        ".weak tipwire_panicked",
        ".type tipwire_panicked,@function",
        "tipwire_panicked:",
        "rjmp tipwire_panicked",
    );

    unsafe extern "C" {
        safe fn tipwire_panicked() -> !;
    }

    #[panic_handler]
    fn panicked(_: &core::panic::PanicInfo<'_>) -> ! {
        tipwire_panicked()
    }
}

/// Panics, to show what becomes of it.
#[cfg(feature = "probe")]
#[unsafe(no_mangle)]
pub extern "C" fn tipwire_probe_panic() -> i32 {
    guard(|| panic!("as it was asked to"))
}
