//! The asking side: starts a worker and hands it requests.

use super::wire::{self, Request, Response};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A running worker. It belongs to the thread that started it: the kernel kills it when that thread ends.
#[derive(Debug)]
pub struct Sandbox {
    child: Child,
    input: Option<ChildStdin>,
    output: ChildStdout,
}

/// The worker could not be started, or died.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The executable did not start.
    #[error("the sandbox's process did not start: {0}")]
    Start(std::io::Error),
    /// It died while it was asked.
    #[error("the sandbox's process ended unexpectedly: {0}")]
    Died(std::io::Error),
}

impl Sandbox {
    /// Starts `executable` with `arguments`; it has to call [`super::child_main`].
    pub fn start(executable: &Path, arguments: &[String]) -> Result<Self, SandboxError> {
        let mut child = Command::new(executable)
            .args(arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(SandboxError::Start)?;
        let missing = || SandboxError::Start(std::io::ErrorKind::BrokenPipe.into());
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        Ok(Self { child, input: Some(input), output })
    }

    /// Runs one request to its end. After an error the worker is of no more use.
    pub fn run(&mut self, request: &Request) -> Result<Response, SandboxError> {
        let input =
            self.input.as_mut().ok_or_else(|| SandboxError::Died(std::io::ErrorKind::BrokenPipe.into()))?;
        wire::write_request(input, request).map_err(SandboxError::Died)?;
        wire::read_response(&mut self.output).map_err(SandboxError::Died)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // End of input ends an idle worker; a busy one is killed, and its pid namespaces with it.
        self.input = None;
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
