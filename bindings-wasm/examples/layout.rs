//! Prints the layout of the tape as TypeScript.

fn main() {
    print!("{}", tipwire_wasm::layout::typescript());
}
