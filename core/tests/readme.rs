//! What the README of the repository shows of Rust works.

#[test]
fn the_readme_shows_what_works() -> Result<(), Box<dyn std::error::Error>> {
    // As the README has it, from here:
    let frame = tipwire::Frame::parse(b"PUSH|4deedd7bab8817ec|sensor-01|[temperature:=32.5#C]\n")?;
    let mut buffer = [0; 128];
    let mut push = tipwire::Push::to(&mut buffer, frame.auth, frame.serial);
    let line = push.number("humidity", 65).unit("%").finish_line()?;
    // to here.
    assert_eq!(line, b"PUSH|4deedd7bab8817ec|sensor-01|[humidity:=65#%]\n");
    Ok(())
}

#[test]
fn the_readme_shows_the_test_above() {
    let lines = |text: &'static str, from, to| -> Vec<&str> {
        let (_, rest) = text.split_once(from).unwrap();
        let (shown, _) = rest.split_once(to).unwrap();
        shown.lines().map(str::trim).filter(|line| !line.is_empty()).collect()
    };
    let shown = lines(include_str!("../../README.md"), "```rust\n", "```");
    let tried = lines(include_str!("readme.rs"), "from here:\n", "// to here.");
    assert_eq!(shown, tried);
}
