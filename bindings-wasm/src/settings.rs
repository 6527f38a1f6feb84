//! Settings, which come as numbers in the lane of reals: NaN is one that is not given.

use tipwire::Kind;

use crate::build::EXACT_MOST;

/// The numbers, by their places.
pub struct Numbers<'n>(pub &'n [f64]);

impl Numbers<'_> {
    /// An integer, if it is given; refused where it is none, or none of this type.
    pub fn get<T: TryFrom<i64>>(&self, at: usize) -> Result<Option<T>, Kind> {
        match self.integer(at) {
            Ok(None) => Ok(None),
            Ok(Some(integer)) => T::try_from(integer).map(Some).map_err(|_| Kind::InvalidSettings),
            Err(kind) => Err(kind),
        }
    }

    #[inline(never)]
    fn integer(&self, at: usize) -> Result<Option<i64>, Kind> {
        let given = self.0.get(at).copied().filter(|number| !number.is_nan());
        let Some(number) = given else { return Ok(None) };
        let integer = number as i64;
        let is_integer = integer as f64 == number && number.abs() <= EXACT_MOST;
        if is_integer { Ok(Some(integer)) } else { Err(Kind::InvalidSettings) }
    }

    /// The same over what there is by default.
    #[cfg(feature = "full")]
    #[inline(never)]
    pub fn set<T: TryFrom<i64>>(&self, at: usize, setting: &mut T) -> Result<(), Kind> {
        if let Some(given) = self.get(at)? {
            *setting = given;
        }
        Ok(())
    }
}
