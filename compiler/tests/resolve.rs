//! Resolution, expressions, templates, taint and planning, on small fleets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "resolve/support.rs"]
mod support;

#[path = "resolve/book.rs"]
mod book;
#[path = "resolve/comparisons.rs"]
mod comparisons;
#[path = "resolve/expressions.rs"]
mod expressions;
#[path = "resolve/plans.rs"]
mod plans;
#[path = "resolve/small_files.rs"]
mod small_files;
