//! What stands where on the tape: one table for both sides. `ts/layout.ts` is made of it by
//! `cargo xtask gen`.
//!
//! A tape is two lanes, of `u32` and of `f64`, read and written from the front. A record says by its
//! flags which of its parts follow, always in the same order; a text is where it begins and ends.
//! On the way to JavaScript these are indices into its string, and of `SIDE` texts into the text
//! that was unescaped, and of those that come often numbers of strings that JavaScript has kept. On
//! the way back texts stand one after the other in the input buffer, and each is told by how many
//! UTF-16 units it has, or by its number where this side has noted it.
//!
//! ```text
//! read     = variables frame
//! frame    = kind flags [seq] [auth serial] [place] [time] [group] [metadata] / …
//! variable = flags name value [unit] [place] [time] [group] [metadata]
//! ```

macro_rules! table {
    ($($(#[doc = $what:literal])+ $name:ident = $value:expr;)*) => {
        $($(#[doc = $what])+ pub const $name: u32 = $value;)*

        /// The table as TypeScript.
        pub fn typescript() -> alloc::string::String {
            let mut out = alloc::string::String::from("// Made by `cargo xtask gen` from src/layout.rs.\n");
            $(
                $(out += &alloc::format!("\n/**{} */", $what);)+
                out += &alloc::format!("\nexport const {} = {};\n", stringify!($name), $name);
            )*
            for (nth, field) in tipwire::Field::ALL.iter().enumerate() {
                let (name, number) = (field.name(), nth + 1);
                out += &alloc::format!("\n/** What is wrong is `{name}`. */\n");
                out += &alloc::format!("export const FIELD_{} = {number};\n", name.to_uppercase());
            }
            out
        }
    };
}

table! {
    /// Bytes of the input buffer.
    INPUT = 65_536;
    /// Bytes of the output buffer.
    OUTPUT = 65_536;
    /// Words of the lane of numbers without a fraction.
    WORDS = 65_536;
    /// Numbers of the lane of those that may have one.
    REALS = 4_096;

    /// Digits of the longest number that comes of a double.
    DIGITS = 64;

    /// A PUSH of variables.
    PUSH = 0;
    /// A PUSH of passthrough data.
    RAW = 1;
    /// A PULL.
    PULL = 2;
    /// A PING.
    PING = 3;
    /// An answer with nothing after its status.
    ACK = 4;
    /// An `OK` with a count.
    ACK_COUNT = 5;
    /// An `OK` with variables.
    ACK_VARIABLES = 6;
    /// A `CMD`.
    ACK_COMMAND = 7;
    /// An `ERR`.
    ACK_ERROR = 8;
    /// Another text after the status.
    ACK_TEXT = 9;

    /// The statuses of answers.
    OK = 0;
    /// A keep-alive is answered.
    PONG = 1;
    /// A command.
    CMD = 2;
    /// An error.
    ERR = 3;

    /// What is read: an uplink.
    UPLINK = 0;
    /// What is read: an answer.
    ANSWER = 1;
    /// What is read: the inner frame of a PUSH; a PULL, a PING and an answer follow.
    INNER = 2;
    /// What is read: the data points of one of these.
    POINTS = 16;
    /// What is explained: a message whose first byte says what it is.
    MESSAGE = 6;
    /// What is explained: a frame or an answer.
    TEXT = 7;
    /// What is explained: an envelope of the current layout; one of the short layout follows.
    ENVELOPE = 8;

    /// A sequence counter, in the lane of words when read and of reals when built.
    HAS_SEQ = 1;
    /// A unit.
    HAS_UNIT = 2;
    /// A place that is no value.
    HAS_LOCATION = 4;
    /// A time.
    HAS_TIME = 8;
    /// A group.
    HAS_GROUP = 16;
    /// Metadata: how many pairs, and their keys and texts.
    HAS_METADATA = 32;
    /// The place has an altitude.
    HAS_ALT = 64;
    /// The time or the count has more than 53 bits. Built: it is a text. Read: two words as well, the upper half first.
    HAS_LONG = 128;
    /// Built: the number is a text. Read: always.
    EXACT = 256;
    /// Built: the place that is a value or a location is a text.
    EXACT_PLACE = 512;
    /// The value is `true`.
    TRUE = 1024;
    /// Passthrough data in base64.
    BASE64 = 2048;
    /// Built, of the whole frame: the texts are not all ASCII.
    WIDE = 4096;
    /// Built: words before everything else, which are the kind, the flags and how many bytes the texts are.
    BUILD_HEAD = 3;

    /// The type of a value stands in the flags from this bit on.
    TYPE_SHIFT = 16;
    /// The value is a number: a text and a real.
    NUMBER = 0;
    /// The value is a text.
    STRING = 1;
    /// The value is in the flags.
    BOOLEAN = 2;
    /// The value is a place: a text and two or three reals.
    LOCATION = 3;

    /// What a span is, in its flags.
    PART = 0xff;
    /// How deep it is.
    DEPTH = 0xff00;
    /// How deep it is, from this bit on.
    DEPTH_SHIFT = 8;
    /// The span has others as its parts, and says where it begins: others begin where the last ended.
    HAS_PARTS = 65_536;
    /// The text of the span has escapes, and is told about.
    HAS_TEXT = 131_072;

    /// Frames are told about together until they have so many bytes: parts of a string keep all of it.
    BLOCK = 4_096;
    /// Why there are no more frames on the tape: all is used up.
    USED_UP = 0;
    /// There are enough.
    ENOUGH = 1;
    /// What comes next is a message that is read by itself.
    ALONE = 2;
    /// There is no message, but an error.
    BROKEN = 3;

    /// Events of sessions: none.
    NOTHING = 0;
    /// A request: its ticket in two words, whether it is sealed, its number and its device; then the frame.
    REQUEST = 1;
    /// What came was no request: the code of the answer, and what is wrong.
    REJECTED = 2;
    /// The session is over: the code.
    CLOSED = 3;
    /// A connection is wanted.
    CONNECT = 4;
    /// The connection is to be closed: the reason.
    DISCONNECT = 5;
    /// An answer: what of, and the answer itself.
    ANSWERED = 6;
    /// A command: its text, and what it answers.
    COMMANDED = 7;
    /// A request is given up: its number.
    LOST = 8;
    /// An answer that nothing waits for.
    EXTRA = 9;
    /// What came is no answer: what is wrong.
    UNREADABLE = 10;
    /// Numbers of which there may be none count from 1.
    NONE = 0;

    /// The text begins here in the text that was unescaped.
    SIDE = 0x8000_0000;
    /// How many texts JavaScript keeps, and how many this side notes.
    KNOWN = 256;
    /// Built: UTF-16 units of the longest text that is noted.
    NOTED = 24;
    /// The text is to be kept; with which number is told from this bit on.
    TO_KEEP = 0x0100_0000;
    /// Where that number stands.
    KEEP_SHIFT = 16;
    /// The text is the one that is kept with this number, or when built is noted with it.
    IS_KEPT = 0x0200_0000;
    /// What is with a text that is known: JavaScript was asked to keep it.
    ASKED = 1;
    /// It is kept.
    KEPT = 2;
}
