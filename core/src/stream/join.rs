//! The way back: a message and what stands around it on a stream.

use super::{Cut, Rule};
use crate::error::Kind;

/// Writes a message as it stands on a stream: with its end, its length, or as it is.
///
/// What is written reads as exactly this message, whatever follows; else it is an error.
/// [`Kind::TooLong`] is a message above the rule's maximum, [`Kind::Misplaced`] one that holds a
/// delimiter, does not fit its length field, or otherwise reads as something else, and
/// [`Kind::Buffer`] one that the buffer has no room for. Settings that can never work are
/// [`Kind::InvalidSettings`].
///
/// Of bytes that the rule strips, those that are no length are zeros. A rule that strips nothing of
/// its header gets messages that have one.
///
/// ```
/// use tipwire::Kind;
/// use tipwire::stream::{LengthPrefixed, Lines, join};
///
/// let mut buffer = [0; 64];
/// assert_eq!(join(&Lines::new(), b"ACK|PONG", &mut buffer), Ok(&b"ACK|PONG\n"[..]));
/// assert_eq!(join(&Lines::new(), b"ACK\nPONG", &mut buffer), Err(Kind::Misplaced));
/// assert_eq!(join(&LengthPrefixed::new(), b"ACK|PONG", &mut buffer), Ok(&b"\0\x08ACK|PONG"[..]));
/// ```
pub fn join<'b, R: Rule + Clone>(
    rule: &R,
    message: &[u8],
    buffer: &'b mut [u8],
) -> Result<&'b [u8], Kind> {
    rule.check()?;
    let mut end = Some(0);
    rule.unit(message, &mut |part| {
        end = end.and_then(|start: usize| {
            let after = start.checked_add(part.len())?;
            buffer.get_mut(start..after)?.copy_from_slice(part);
            Some(after)
        });
    });
    let unit = end.and_then(|end| buffer.get(..end)).ok_or(Kind::Buffer)?;
    reads_as(rule, unit, message)?;
    Ok(unit)
}

/// Whether the unit, as the first of a stream, is this message.
pub(super) fn reads_as<R: Rule + Clone>(rule: &R, unit: &[u8], message: &[u8]) -> Result<(), Kind> {
    let mut rule = rule.clone();
    rule.reset();
    match rule.scan(unit) {
        Some(Cut { event: Some(Err(Kind::TooLong)), .. }) => Err(Kind::TooLong),
        Some(Cut { length, event: Some(Ok(part)) })
            if length == unit.len() && unit.get(part.clone()) == Some(message) =>
        {
            Ok(())
        }
        _ => Err(Kind::Misplaced),
    }
}
