//! Makes JavaScript glue and the final module from what cargo built: `tipwire-bindgen IN.wasm OUT/`.
//!
//! The same as the program `wasm-bindgen`, of which only this one way is needed.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, folder] = arguments.as_slice() else {
        eprintln!("usage: tipwire-bindgen IN.wasm OUT/");
        return ExitCode::FAILURE;
    };
    match generate(input, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("tipwire-bindgen: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

fn generate(input: &str, folder: &str) -> Result<(), anyhow::Error> {
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name("tipwire").typescript(true);
    // The module is handed in: nothing is to look for a file by itself.
    bindgen.web(true)?.omit_default_module_path(true);
    bindgen.remove_name_section(true).remove_producers_section(true);
    bindgen.generate(folder)
}
