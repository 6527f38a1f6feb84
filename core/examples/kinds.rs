//! Prints the table of error kinds, as `docs/errors.md` has it.

use tipwire::Kind;

fn main() {
    println!("# What errors say\n");
    println!(
        "Every error has a kind, the same in every language, and where it was found. Generated"
    );
    println!("from `core/src/error.rs` by `cargo xtask gen`.\n");
    println!("| number | kind | answered with | meaning |");
    println!("|---|---|---|---|");
    for kind in Kind::ALL {
        let code = kind.code().map_or("-".into(), |code| format!("`{code}`"));
        // A bar would end the cell.
        let sentence = kind.sentence().replace('|', "\\|");
        println!("| {} | `{}` | {code} | {sentence} |", kind.number(), kind.name());
    }
}
