//! Seals and opens on a bare Cortex-M0+ (`thumbv6m`), and prints over semihosting how much flash the
//! program takes and how much of the stack each step touches: `cargo xtask size envelope`.
#![no_std]
#![no_main]

use core::arch::asm;
use core::panic::PanicInfo;

unsafe extern "C" {
    static FLASH_END: u8;
    static STACK_TOP: u8;
    #[cfg(feature = "envelope")]
    static STACK_LIMIT: u8;
}

/// Where the processor finds its stack and its start.
#[repr(C)]
struct Vectors(*const u8, extern "C" fn() -> !);

// SAFETY: it is only read, and by the processor.
unsafe impl Sync for Vectors {}

#[used]
#[unsafe(link_section = ".vectors")]
static VECTORS: Vectors = Vectors(&raw const STACK_TOP, reset);

#[unsafe(no_mangle)]
extern "C" fn reset() -> ! {
    print("flash", (&raw const FLASH_END) as usize);
    #[cfg(feature = "envelope")]
    envelope::measure();
    exit()
}

#[cfg(feature = "envelope")]
mod envelope {
    use super::{STACK_LIMIT, print};
    use core::arch::asm;
    use core::hint::black_box;
    use core::mem::MaybeUninit;
    use tipwire::{Cipher, Hash, Inner, InnerMethod, Layout, Sealer};

    const PAINT: u32 = 0xa5a5_a5a5;
    const CIPHERS: &[(&str, Cipher)] = &[
        ("aes-128-ccm", Cipher::Aes128Ccm),
        #[cfg(feature = "all")]
        ("aes-128-gcm", Cipher::Aes128Gcm),
        #[cfg(feature = "all")]
        ("aes-256-ccm", Cipher::Aes256Ccm),
        #[cfg(feature = "all")]
        ("aes-256-gcm", Cipher::Aes256Gcm),
        #[cfg(feature = "all")]
        ("chacha20-poly1305", Cipher::ChaCha20Poly1305),
    ];

    pub fn measure() {
        print("sealer", size_of::<Sealer>());
        print("opener", size_of::<tipwire::Opener>());
        for &(name, cipher) in CIPHERS {
            let mut sealer = MaybeUninit::uninit();
            let stack = touched(|| {
                let key = &black_box([7; 32])[..cipher.key_len()];
                let auth = Hash::from_bytes([1; 8]);
                match Sealer::with_hash(Layout::Current, cipher, key, auth, "sensor-01", 0) {
                    Ok(made) => _ = sealer.write(made),
                    Err(_) => panic!(),
                }
            });
            // SAFETY: written above, or else it panicked.
            let mut sealer = unsafe { sealer.assume_init() };
            print_of(name, "set up", stack);

            let mut buffer = [0; 160];
            let text = b"sensor-01|[temperature:=32.5#C;humidity:=65#%;status=on]";
            let mut length = 0;
            let stack = touched(|| {
                let sealed = sealer.seal(InnerMethod::Push, black_box(text), &mut buffer);
                length = sealed.map_or(0, <[u8]>::len);
            });
            print_of(name, "seal", stack);
            let stack = touched(|| {
                let opened = sealer.opener().open(Layout::Current, &mut buffer[..length]);
                match opened.and_then(|opened| opened.parse()) {
                    Ok(Inner::Frame(frame)) => _ = black_box(frame.variables().count()),
                    _ => panic!(),
                }
            });
            print_of(name, "open", stack);
        }
    }

    /// Bytes of the stack that `work` touches.
    #[inline(never)]
    fn touched(work: impl FnOnce()) -> usize {
        let top: usize;
        // SAFETY: reads the stack pointer.
        unsafe { asm!("mov {}, sp", out(reg) top) };
        // What is below may be overwritten, but for what these few lines use themselves.
        let (limit, own) = ((&raw const STACK_LIMIT) as usize, top - 128);
        for at in (limit..own).step_by(4) {
            // SAFETY: RAM that nothing uses.
            unsafe { (at as *mut u32).write_volatile(PAINT) };
        }
        run(work);
        // SAFETY: as above.
        let is_painted = |at: &usize| unsafe { (*at as *const u32).read_volatile() == PAINT };
        let deepest = (limit..own).step_by(4).find(|at| !is_painted(at));
        deepest.map_or(0, |deepest| top - deepest)
    }

    #[inline(never)]
    fn run(work: impl FnOnce()) {
        work();
    }

    fn print_of(name: &str, step: &str, number: usize) {
        super::write(name);
        super::write(" ");
        print(step, number);
    }
}

fn print(what: &str, number: usize) {
    write(what);
    write(" ");
    let mut digits = [0; 10];
    let mut at = digits.len();
    let mut rest = number;
    while at > 0 && (rest > 0 || at == digits.len()) {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    digits[at..].iter().for_each(|digit| put(*digit));
    write("\n");
}

fn write(text: &str) {
    text.bytes().for_each(put);
}

fn put(byte: u8) {
    const WRITE_CHARACTER: usize = 0x03;
    call(WRITE_CHARACTER, &raw const byte as usize);
}

fn exit() -> ! {
    const EXIT: usize = 0x18;
    const DONE: usize = 0x2_0026;
    call(EXIT, DONE);
    loop {}
}

/// Asks the debugger, here the emulator, for something.
fn call(what: usize, argument: usize) {
    // SAFETY: semihosting only reads what it is given.
    unsafe { asm!("bkpt 0xab", inlateout("r0") what => _, in("r1") argument) };
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    write("panic\n");
    exit()
}
