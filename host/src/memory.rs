//! How much memory there is: what a verb asks before it allocates.

use std::fs;

/// Bytes that can still be had, the least of what the machine has available, what the control group allows, and what the
/// process may address; `None` where nothing of it is known.
pub fn available() -> Option<u64> {
    [machine(), control_group(), process()]
        .into_iter()
        .flatten()
        .min()
}

/// The number after `key` in a text of lines `key: number kB`.
fn kibibytes(text: &str, key: &str) -> Option<u64> {
    let line = text.lines().find(|line| line.starts_with(key))?;
    let number: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    number.checked_mul(1024)
}

fn machine() -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let swap = kibibytes(&text, "SwapFree:").unwrap_or(0);
    kibibytes(&text, "MemAvailable:").map(|bytes| bytes.saturating_add(swap))
}

fn number(path: &str) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// Version 2 of control groups, then version 1; a limit beyond any machine is none.
fn control_group() -> Option<u64> {
    let own = fs::read_to_string("/proc/self/cgroup").ok()?;
    let place = own
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .unwrap_or("");
    let second = |file: &str| {
        number(&format!("/sys/fs/cgroup{place}/{file}")).or_else(|| number(&format!("/sys/fs/cgroup/{file}")))
    };
    let first = |file: &str| number(&format!("/sys/fs/cgroup/memory/{file}"));
    let limit = second("memory.max").or_else(|| first("memory.limit_in_bytes"))?;
    let used = second("memory.current").or_else(|| first("memory.usage_in_bytes"))?;
    (limit < 1 << 60).then(|| limit.saturating_sub(used))
}

/// The limit of the address space (`ulimit -v`), less what is mapped.
fn process() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits
        .lines()
        .find(|line| line.starts_with("Max address space"))?;
    let limit: u64 = line.split_whitespace().nth(3)?.parse().ok()?;
    let status = fs::read_to_string("/proc/self/status").ok()?;
    Some(limit.saturating_sub(kibibytes(&status, "VmSize:")?))
}

/// A number of bytes in words: `21.6 GiB`.
pub fn in_words(bytes: u64) -> String {
    const UNITS: [&str; 7] = ["bytes", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{bytes} bytes")
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_words() {
        assert_eq!(in_words(0), "0 bytes");
        assert_eq!(in_words(1023), "1023 bytes");
        assert_eq!(in_words(1536), "1.5 KiB");
        assert_eq!(in_words(23_192_823_398), "21.6 GiB");
        assert_eq!(in_words(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn numbers_are_found_in_lines() {
        let text = "MemTotal:  100 kB\nMemAvailable:   7 kB\n";
        assert_eq!(kibibytes(text, "MemAvailable:"), Some(7 * 1024));
        assert_eq!(kibibytes(text, "SwapFree:"), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn something_is_available_here() {
        assert!(available().is_some_and(|bytes| bytes > 1 << 20));
    }
}
