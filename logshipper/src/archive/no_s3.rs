//! Stands in for the client of S3 in builds without it.

use std::error::Error;

use object_store::ObjectStore;

use super::error::ArchiveError;

pub(super) fn store(_bucket: &str) -> Result<Box<dyn ObjectStore>, String> {
    Err(String::from("this build has no S3 client (cargo feature s3)"))
}

pub(super) fn transport(_error: &(dyn Error + 'static)) -> Option<ArchiveError> {
    None
}
