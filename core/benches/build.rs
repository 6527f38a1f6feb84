//! Lets the C side of a comparison in, where there is one: `cargo xtask bench c` names its objects.

fn main() {
    println!("cargo::rerun-if-env-changed=TIPWIRE_C_SIDE");
    println!("cargo::rustc-check-cfg=cfg(c_side)");
    if let Ok(objects) = std::env::var("TIPWIRE_C_SIDE") {
        println!("cargo::rustc-cfg=c_side");
        for object in objects.split_whitespace() {
            println!("cargo::rerun-if-changed={object}");
            println!("cargo::rustc-link-arg-bins={object}");
        }
    }
}
