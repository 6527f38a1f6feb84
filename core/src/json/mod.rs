//! JSON, written and read without a document tree.

pub(crate) mod points;
pub(crate) mod read;
pub(crate) mod write;

pub use points::PointList;
pub(crate) use points::write_members;
