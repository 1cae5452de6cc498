//! Spans of time in messages.

/// Seconds in the largest unit that leaves a number of some size: `90 s`, `5 min`, `30 h`, `12 d`.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} d", seconds / 86_400),
    }
}
