//! Text frames from the tape: the records of reading, the other way round.

use alloc::string::String;

use tipwire::{
    BuildError, Encoding, Field, Kind, Location, Ping, Pull, Push, Reply, Short, Sink, Slice,
    Status, ToLocation,
};
use wasm_bindgen::prelude::wasm_bindgen;

use crate::failure::unbuilt;
use crate::lanes::{Lanes, Tape, with, word};
use crate::layout::{
    ACK, ACK_COUNT, ACK_VARIABLES, BASE64, BOOLEAN, BUILD_HEAD, CMD, ERR, EXACT, EXACT_PLACE,
    HAS_ALT, HAS_GROUP, HAS_LOCATION, HAS_LONG, HAS_METADATA, HAS_SEQ, HAS_TIME, HAS_UNIT, IS_KEPT,
    LOCATION, NUMBER, OK, PONG, PULL, PUSH, RAW, STRING, TRUE, TYPE_SHIFT, WIDE,
};
use crate::texts::Texts;

/// The largest number up to which all integers are exact.
pub const EXACT_MOST: f64 = 9_007_199_254_740_992.0;

/// Builds the frame on the tape into the output; its length, or 0 for an error.
#[wasm_bindgen]
pub fn build() -> u32 {
    with(|lanes| {
        let Lanes { input, output, words, reals, noted, .. } = lanes;
        match write(Record::new(input, words, reals, noted), None, output) {
            Ok(frame) => word(frame.len()),
            Err(error) => unbuilt(words, error),
        }
    })
}

/// A PUSH with its head: of the inner frame of an envelope the serial is known.
pub fn begin<'b>(head: &Head<'_>, inner: Option<&str>, output: &'b mut [u8]) -> Push<Slice<'b>> {
    let mut push = match inner {
        None => Push::to(output, head.auth, head.serial),
        Some(serial) => Push::inner(output, serial),
    };
    if let Some(seq) = head.seq {
        push.seq(seq);
    }
    push
}

/// The frame on the tape, whatever it is: of the inner frame of an envelope the serial is known.
pub fn write<'b>(
    mut record: Record<'_>,
    inner: Option<&str>,
    output: &'b mut [u8],
) -> Result<&'b [u8], BuildError> {
    let kind = record.kind();
    if kind >= ACK {
        return write_answer(record, inner.is_some(), output);
    }
    let head = record.head()?;
    match kind {
        PUSH | RAW => {
            let mut push = begin(&head, inner, output);
            record.body(&head, &mut push);
            push.finish()
        }
        PULL => {
            let mut pull = match inner {
                None => Pull::to(output, head.auth, head.serial),
                Some(serial) => Pull::inner(output, serial),
            };
            if let Some(seq) = head.seq {
                pull.seq(seq);
            }
            for _ in 0..record.word() {
                pull.name(record.name());
            }
            pull.finish()
        }
        _ => {
            let mut ping = match inner {
                None => Ping::to(output, head.auth, head.serial),
                Some(serial) => Ping::inner(output, serial),
            };
            if let Some(seq) = head.seq {
                ping.seq(seq);
            }
            ping.finish()
        }
    }
}

/// A PUSH of data points as JSON, behind the head on the tape: of the inner frame of an envelope the
/// serial is known.
#[cfg(feature = "secure")]
pub fn write_points<'b>(
    mut record: Record<'_>,
    inner: Option<&str>,
    points: &str,
    output: &'b mut [u8],
) -> Result<&'b [u8], BuildError> {
    let head = record.head()?;
    let mut push = begin(&head, inner, output);
    push.points_json(points);
    push.finish()
}

fn write_answer<'b>(
    mut record: Record<'_>,
    is_inner: bool,
    output: &'b mut [u8],
) -> Result<&'b [u8], BuildError> {
    let Record { kind, flags, .. } = record;
    let mut reply = if is_inner { Reply::inner(output) } else { Reply::to(output) };
    if let Some(seq) = record.seq(flags)? {
        reply.seq(seq);
    }
    let status = match record.word() {
        OK => Status::Ok,
        PONG => Status::Pong,
        CMD => Status::Cmd,
        ERR => Status::Err,
        _ => return Err(error(Kind::Status, Field::Status)),
    };
    match kind {
        ACK => reply.status(status).finish(),
        ACK_COUNT => {
            let count = record.integer(flags, Kind::Count, Kind::Count);
            reply.count(count.map_err(|kind| error(kind, Field::Detail))?).finish()
        }
        ACK_VARIABLES => {
            let mut push = reply.variables();
            record.variables(&mut push);
            push.finish()
        }
        _ => {
            // By the code that reads all else.
            let (text, mut side) = (record.text(), String::new());
            reply.text_by(status, text, &mut Tape::nowhere(&mut side)).finish()
        }
    }
}

const fn error(kind: Kind, field: Field) -> BuildError {
    BuildError { kind, point: None, field: Some(field) }
}

/// What every uplink begins with.
pub struct Head<'r> {
    kind: u32,
    flags: u32,
    seq: Option<u32>,
    auth: &'r str,
    serial: &'r str,
}

/// Reads the tape from its front. What is not there is 0 or empty: nothing of it can be wrong in a
/// way that the writers of the core do not see.
pub struct Record<'r> {
    kind: u32,
    flags: u32,
    /// The texts that have not been asked for yet.
    texts: Texts<'r>,
    words: &'r [u32],
    reals: &'r [f64],
    noted: &'r [String],
}

impl<'r> Record<'r> {
    pub fn new(
        input: &'r [u8],
        words: &'r [u32],
        reals: &'r [f64],
        noted: &'r [String],
    ) -> Record<'r> {
        let ([kind, flags, length], words) =
            words.split_first_chunk::<{ BUILD_HEAD as usize }>().unwrap_or((&[0; _], &[]));
        let texts = input.get(..*length as usize).unwrap_or_default();
        let texts = core::str::from_utf8(texts).unwrap_or_default();
        Record { kind: *kind, flags: *flags, texts: Texts(texts), words, reals, noted }
    }

    /// What it is of.
    pub const fn kind(&self) -> u32 {
        self.kind
    }

    #[inline(always)]
    fn word(&mut self) -> u32 {
        self.words.split_off_first().copied().unwrap_or_default()
    }

    #[inline(always)]
    fn real(&mut self) -> f64 {
        self.reals.split_off_first().copied().unwrap_or_default()
    }

    #[inline(always)]
    fn text(&mut self) -> &'r str {
        let word = self.word();
        self.new_text(word)
    }

    /// A text that may have been noted.
    #[inline(never)]
    fn name(&mut self) -> &'r str {
        let word = self.word();
        match word.checked_sub(IS_KEPT) {
            Some(number) => self.noted.get(number as usize).map_or("", String::as_str),
            None => self.new_text(word),
        }
    }

    #[inline(always)]
    fn new_text(&mut self, units: u32) -> &'r str {
        let units = units as usize;
        let bytes = if self.flags & WIDE == 0 { units } else { self.texts.bytes(units) };
        self.texts.take(bytes)
    }

    /// What every uplink begins with.
    pub fn head(&mut self) -> Result<Head<'r>, BuildError> {
        let (kind, flags) = (self.kind, self.flags);
        let seq = self.seq(flags)?;
        Ok(Head { kind, flags, seq, auth: self.name(), serial: self.name() })
    }

    fn seq(&mut self, flags: u32) -> Result<Option<u32>, BuildError> {
        if flags & HAS_SEQ == 0 {
            return Ok(None);
        }
        let seq = whole(self.real()).and_then(|seq| u32::try_from(seq).ok());
        seq.map(Some).ok_or(error(Kind::SeqRange, Field::Seq))
    }

    /// A time or a count: a number that is exact, or text.
    fn integer(&mut self, flags: u32, kind: Kind, range: Kind) -> Result<u64, Kind> {
        if flags & HAS_LONG == 0 {
            let real = self.real();
            return whole(real).ok_or(if real > EXACT_MOST { range } else { kind });
        }
        let text = self.text();
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_number { text.parse().map_err(|_| range) } else { Err(kind) }
    }

    #[inline(always)]
    fn body<S: Sink>(&mut self, head: &Head<'_>, push: &mut Push<S>) {
        if head.kind == RAW {
            let is_base64 = head.flags & BASE64 != 0;
            let encoding = if is_base64 { Encoding::Base64 } else { Encoding::Hex };
            push.raw_text(encoding, self.text());
        } else {
            self.rest(head.flags, push);
            self.variables(push);
        }
    }

    #[inline(never)]
    fn variables<S: Sink>(&mut self, push: &mut Push<S>) {
        for _ in 0..self.word() {
            let flags = self.word();
            let name = self.name();
            match flags >> TYPE_SHIFT {
                NUMBER if flags & EXACT != 0 => push.number(name, self.text()),
                STRING => push.string(name, self.text()),
                BOOLEAN => push.boolean(name, flags & TRUE != 0),
                LOCATION => self.place(flags, push, Some(name)),
                of => push.number(name, Short(if of == NUMBER { self.real() } else { f64::NAN })),
            };
            if flags & HAS_UNIT != 0 {
                push.unit(self.name());
            }
            self.rest(flags, push);
        }
    }

    /// What defaults and variables may have alike.
    #[inline(never)]
    fn rest<S: Sink>(&mut self, flags: u32, push: &mut Push<S>) {
        if flags & HAS_LOCATION != 0 {
            self.place(flags, push, None);
        }
        if flags & HAS_TIME != 0 {
            match self.integer(flags, Kind::Time, Kind::TimeRange) {
                Ok(time) => push.time(time),
                Err(kind) => push.refuse(Field::Time, kind),
            };
        }
        if flags & HAS_GROUP != 0 {
            push.group(self.name());
        }
        if flags & HAS_METADATA != 0 {
            for _ in 0..self.word() {
                push.metadata(self.name(), self.text());
            }
        }
    }

    /// A place: as a variable of this name, or of what came before.
    #[inline(never)]
    fn place<'p, S: Sink>(
        &mut self,
        flags: u32,
        push: &'p mut Push<S>,
        name: Option<&str>,
    ) -> &'p mut Push<S> {
        fn put<'p, S: Sink>(
            push: &'p mut Push<S>,
            name: Option<&str>,
            place: impl ToLocation,
        ) -> &'p mut Push<S> {
            match name {
                Some(name) => push.position(name, place),
                None => push.location(place),
            }
        }
        if flags & EXACT_PLACE != 0 {
            let text = self.text();
            return match Location::new(text) {
                Some(place) => put(push, name, place),
                // Not a place: a number that is none says so.
                None => put(push, name, (text, text)),
            };
        }
        let (lat, lng) = (Short(self.real()), Short(self.real()));
        let alt = (flags & HAS_ALT != 0).then(|| Short(self.real()));
        put(push, name, (lat, lng, alt))
    }
}

/// The integer that a number is exactly.
fn whole(real: f64) -> Option<u64> {
    let whole = real as u64;
    ((0.0..=EXACT_MOST).contains(&real) && whole as f64 == real).then_some(whole)
}
