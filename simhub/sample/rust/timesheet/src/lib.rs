//! Reads how long an entry of a timesheet took.

/// Seconds of a text such as "45m"; `None` where it is no duration.
pub fn parse(text: &str) -> Option<u32> {
    let end = text.find(|one: char| !one.is_ascii_digit())?;
    let amount: u32 = text[..end].parse().ok()?;
    Some(amount * seconds_in(text[end..].chars().next()?)?)
}

fn seconds_in(unit: char) -> Option<u32> {
    match unit {
        'h' => Some(3600),
        'm' => Some(60),
        's' => Some(1),
        _ => None,
    }
}
