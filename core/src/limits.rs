//! Every number of the specification, in one place.

/// Most bytes of a frame, its terminator not counted.
pub const MAX_FRAME: usize = 16_384;
/// Most variables of one block, names of one PULL and data points of one PUSH.
pub const MAX_VARIABLES: usize = 100;
/// Most pairs of one metadata block.
pub const MAX_PAIRS: usize = 32;
/// Most bytes of a variable name, a group, a metadata key or a serial.
pub const MAX_NAME: usize = 100;
/// Most bytes (not characters) of a unit.
pub const MAX_UNIT: usize = 25;
/// Most digits that a floating-point number is written with.
pub const MAX_DIGITS: usize = 64;
/// Hex digits of an authorization hash.
pub const HASH_DIGITS: usize = 16;
/// Hex digits of a token, after its `at`.
pub const TOKEN_DIGITS: usize = 32;
/// Most bytes of a TagoTiP/S message after its length on a stream: the longest header, frame and tag.
pub const MAX_ENVELOPE_ON_STREAM: usize = 21 + MAX_FRAME + 16;
/// Bytes of a ThingsPanel packet before its payload.
pub const PACKET_HEADER: usize = 8;
/// Most bytes of a ThingsPanel packet's payload: a whole packet has 16,384.
pub const MAX_PACKET_PAYLOAD: usize = 16_384 - PACKET_HEADER;
