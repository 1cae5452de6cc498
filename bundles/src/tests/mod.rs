//! What holds between the parts: publish on one side, a host that reads on the other, and everything in between
//! changed by somebody.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod example;
mod faults;
mod host;
mod publish;
mod recovery;
mod sealing;
mod support;
mod tamper;
mod trust;
