//! What the fuzzers keep is replayed: every file of their corpora, and all of it as all kinds of
//! input.

#[path = "../fuzz/src/lib.rs"]
mod invariants;

#[test]
fn the_invariants_of_the_fuzzers_hold_for_what_they_kept() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/fuzz/corpus");
    let mut files = 0;
    for corpus in std::fs::read_dir(root).expect("corpora") {
        for file in std::fs::read_dir(corpus.expect("a corpus").path()).expect("files") {
            let data = std::fs::read(file.expect("a file").path()).expect("bytes");
            invariants::read(&data);
            invariants::rewrite(&data);
            invariants::points(&data);
            invariants::split_lines(&data);
            invariants::split_delimiter(&data);
            invariants::split_length_field(&data);
            invariants::split_length_prefixed(&data);
            invariants::split_json(&data);
            invariants::split_packets(&data);
            invariants::split_tagotip(&data);
            invariants::platform::tagoio(&data);
            invariants::platform::thingspanel(&data);
            invariants::platform::server(&data);
            invariants::session::server(&data);
            invariants::session::client(&data);
            invariants::envelope::open(&data);
            invariants::envelope::seal(&data);
            files += 1;
        }
    }
    assert!(files > 100, "{files}");
}
