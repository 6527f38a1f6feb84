// Made by `cargo xtask gen` from src/layout.rs.

/** Bytes of the input buffer. */
export const INPUT = 65536;

/** Bytes of the output buffer. */
export const OUTPUT = 65536;

/** Words of the lane of numbers without a fraction. */
export const WORDS = 65536;

/** Numbers of the lane of those that may have one. */
export const REALS = 4096;

/** Digits of the longest number that comes of a double. */
export const DIGITS = 64;

/** A PUSH of variables. */
export const PUSH = 0;

/** A PUSH of passthrough data. */
export const RAW = 1;

/** A PULL. */
export const PULL = 2;

/** A PING. */
export const PING = 3;

/** An answer with nothing after its status. */
export const ACK = 4;

/** An `OK` with a count. */
export const ACK_COUNT = 5;

/** An `OK` with variables. */
export const ACK_VARIABLES = 6;

/** A `CMD`. */
export const ACK_COMMAND = 7;

/** An `ERR`. */
export const ACK_ERROR = 8;

/** Another text after the status. */
export const ACK_TEXT = 9;

/** The statuses of answers. */
export const OK = 0;

/** A keep-alive is answered. */
export const PONG = 1;

/** A command. */
export const CMD = 2;

/** An error. */
export const ERR = 3;

/** What is read: an uplink. */
export const UPLINK = 0;

/** What is read: an answer. */
export const ANSWER = 1;

/** What is read: the inner frame of a PUSH; a PULL, a PING and an answer follow. */
export const INNER = 2;

/** What is read: the data points of one of these. */
export const POINTS = 16;

/** What is explained: a message whose first byte says what it is. */
export const MESSAGE = 6;

/** What is explained: a frame or an answer. */
export const TEXT = 7;

/** What is explained: an envelope of the current layout; one of the short layout follows. */
export const ENVELOPE = 8;

/** A sequence counter, in the lane of words when read and of reals when built. */
export const HAS_SEQ = 1;

/** A unit. */
export const HAS_UNIT = 2;

/** A place that is no value. */
export const HAS_LOCATION = 4;

/** A time. */
export const HAS_TIME = 8;

/** A group. */
export const HAS_GROUP = 16;

/** Metadata: how many pairs, and their keys and texts. */
export const HAS_METADATA = 32;

/** The place has an altitude. */
export const HAS_ALT = 64;

/** The time or the count has more than 53 bits. Built: it is a text. Read: two words as well, the upper half first. */
export const HAS_LONG = 128;

/** Built: the number is a text. Read: always. */
export const EXACT = 256;

/** Built: the place that is a value or a location is a text. */
export const EXACT_PLACE = 512;

/** The value is `true`. */
export const TRUE = 1024;

/** Passthrough data in base64. */
export const BASE64 = 2048;

/** Built, of the whole frame: the texts are not all ASCII. */
export const WIDE = 4096;

/** Built: words before everything else, which are the kind, the flags and how many bytes the texts are. */
export const BUILD_HEAD = 3;

/** The type of a value stands in the flags from this bit on. */
export const TYPE_SHIFT = 16;

/** The value is a number: a text and a real. */
export const NUMBER = 0;

/** The value is a text. */
export const STRING = 1;

/** The value is in the flags. */
export const BOOLEAN = 2;

/** The value is a place: a text and two or three reals. */
export const LOCATION = 3;

/** What a span is, in its flags. */
export const PART = 255;

/** How deep it is. */
export const DEPTH = 65280;

/** How deep it is, from this bit on. */
export const DEPTH_SHIFT = 8;

/** The span has others as its parts, and says where it begins: others begin where the last ended. */
export const HAS_PARTS = 65536;

/** The text of the span has escapes, and is told about. */
export const HAS_TEXT = 131072;

/** Frames are told about together until they have so many bytes: parts of a string keep all of it. */
export const BLOCK = 4096;

/** Why there are no more frames on the tape: all is used up. */
export const USED_UP = 0;

/** There are enough. */
export const ENOUGH = 1;

/** What comes next is a message that is read by itself. */
export const ALONE = 2;

/** There is no message, but an error. */
export const BROKEN = 3;

/** Events of sessions: none. */
export const NOTHING = 0;

/** A request: its ticket in two words, whether it is sealed, its number and its device; then the frame. */
export const REQUEST = 1;

/** What came was no request: the code of the answer, and what is wrong. */
export const REJECTED = 2;

/** The session is over: the code. */
export const CLOSED = 3;

/** A connection is wanted. */
export const CONNECT = 4;

/** The connection is to be closed: the reason. */
export const DISCONNECT = 5;

/** An answer: what of, and the answer itself. */
export const ANSWERED = 6;

/** A command: its text, and what it answers. */
export const COMMANDED = 7;

/** A request is given up: its number. */
export const LOST = 8;

/** An answer that nothing waits for. */
export const EXTRA = 9;

/** What came is no answer: what is wrong. */
export const UNREADABLE = 10;

/** Numbers of which there may be none count from 1. */
export const NONE = 0;

/** The text begins here in the text that was unescaped. */
export const SIDE = 2147483648;

/** How many texts JavaScript keeps, and how many this side notes. */
export const KNOWN = 256;

/** Built: UTF-16 units of the longest text that is noted. */
export const NOTED = 24;

/** The text is to be kept; with which number is told from this bit on. */
export const TO_KEEP = 16777216;

/** Where that number stands. */
export const KEEP_SHIFT = 16;

/** The text is the one that is kept with this number, or when built is noted with it. */
export const IS_KEPT = 33554432;

/** What is with a text that is known: JavaScript was asked to keep it. */
export const ASKED = 1;

/** It is kept. */
export const KEPT = 2;

/** What is wrong is `seq`. */
export const FIELD_SEQ = 1;

/** What is wrong is `auth`. */
export const FIELD_AUTH = 2;

/** What is wrong is `serial`. */
export const FIELD_SERIAL = 3;

/** What is wrong is `variable`. */
export const FIELD_VARIABLE = 4;

/** What is wrong is `value`. */
export const FIELD_VALUE = 5;

/** What is wrong is `unit`. */
export const FIELD_UNIT = 6;

/** What is wrong is `location`. */
export const FIELD_LOCATION = 7;

/** What is wrong is `time`. */
export const FIELD_TIME = 8;

/** What is wrong is `group`. */
export const FIELD_GROUP = 9;

/** What is wrong is `metadata`. */
export const FIELD_METADATA = 10;

/** What is wrong is `names`. */
export const FIELD_NAMES = 11;

/** What is wrong is `raw`. */
export const FIELD_RAW = 12;

/** What is wrong is `status`. */
export const FIELD_STATUS = 13;

/** What is wrong is `detail`. */
export const FIELD_DETAIL = 14;
