//! Recognisers of what retail messages carry, each with a check of its own: an impossible date or a
//! tracking number with a wrong check digit is not reported.

use super::scan::{Folded, Found};

/// Everything found; ranges may overlap.
pub(crate) fn find(t: &Folded) -> Vec<Found> {
    let mut out = Vec::new();
    emails(t, &mut out);
    let mut i = 0;
    while i < t.chars.len() {
        let begins = i == 0 || !t.chars[i - 1].is_ascii_alphanumeric();
        if begins {
            out.extend(phone(t, i));
            out.extend(date(t, i));
            out.extend(amount(t, i));
            if t.chars[i].is_ascii_alphanumeric() {
                code(t, i, &mut out);
            }
        } else if !t.chars[i].is_ascii() {
            out.extend(date(t, i));
        }
        i += 1;
    }
    out
}

fn emails(t: &Folded, out: &mut Vec<Found>) {
    let local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-');
    for at in (0..t.chars.len()).filter(|&i| t.chars[i] == '@') {
        let before = t.chars[..at].iter().rev().take(65).take_while(|&&c| local(c)).count();
        let mut end = t.run(at + 1, |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        while end > at + 1 && matches!(t.chars[end - 1], '.' | '-') {
            end -= 1;
        }
        let (start, domain) = (at - before, t.text(at + 1, end));
        let name = t.text(start, at);
        let top = domain.rsplit('.').next().unwrap_or_default();
        let sound = (1..=64).contains(&before)
            && domain.len() <= 253
            && domain.contains('.')
            && domain.split('.').all(|p| !p.is_empty() && !p.starts_with('-') && !p.ends_with('-'))
            && top.len() >= 2
            && top.chars().all(|c| c.is_ascii_alphabetic())
            && !name.starts_with('.')
            && !name.ends_with('.')
            && !name.contains("..");
        if sound {
            out.push(Found::new(start..end, "email", format!("{name}@{domain}"), 0.99));
        }
    }
}

/// A telephone number: international with `+`, Chinese mobile, landline and 400 numbers, North
/// American with its usual separators.
fn phone(t: &Folded, start: usize) -> Option<Found> {
    let first = t.chars[start];
    if !(first.is_ascii_digit() || matches!(first, '+' | '(')) {
        return None;
    }
    let mut digits = String::new();
    let mut groups = vec![0usize];
    let (mut i, mut end) = (start, start);
    while let Some(&c) = t.chars.get(i) {
        let separator = matches!(c, ' ' | '-' | '.' | '(' | ')');
        if c.is_ascii_digit() {
            digits.push(c);
            *groups.last_mut()? += 1;
            end = i + 1;
        } else if separator && i - end <= 1 {
            if groups.last() != Some(&0) {
                groups.push(0);
            }
        } else if !(c == '+' && i == start) {
            break;
        }
        if digits.len() > 15 {
            return None;
        }
        i += 1;
    }
    groups.retain(|&g| g > 0);
    if !t.stands_alone(start, end) {
        return None;
    }
    let mobile = |d: &str| d.len() == 11 && d.starts_with('1') && d.as_bytes()[1] >= b'3';
    let american = |d: &str| d.as_bytes().first().is_some_and(|c| (b'2'..=b'9').contains(c));
    let n = digits.len();
    let landline = groups.len() == 2
        && digits.starts_with('0')
        && matches!(groups[0], 3 | 4)
        && matches!(groups[1], 7 | 8);
    let service = n == 10 && matches!(&digits[..3], "400" | "800") && groups.len() > 1;
    let domestic = groups == [3, 3, 4] && american(&digits)
        || groups == [1, 3, 3, 4] && digits.starts_with('1') && american(&digits[1..]);
    let (value, confidence) = if first == '+' {
        ((8..=15).contains(&n) && !digits.starts_with('0')).then(|| (format!("+{digits}"), 0.97))?
    } else if mobile(&digits) && (groups.len() == 1 || groups == [3, 4, 4]) {
        (digits, 0.95)
    } else if digits.starts_with("86") && mobile(&digits[2..]) {
        (digits[2..].to_owned(), 0.9)
    } else if domestic || landline || service {
        (digits, 0.9)
    } else {
        return None;
    };
    Some(Found::new(start..end, "phone", value, confidence))
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const MONTH_ENDS: [&str; 12] =
    ["uary", "ruary", "ch", "il", "", "e", "y", "ust", "tember", "ober", "ember", "ember"];
const RELATIVE: [(&str, i32); 12] = [
    ("day before yesterday", -2),
    ("day after tomorrow", 2),
    ("yesterday", -1),
    ("tomorrow", 1),
    ("today", 0),
    ("大前天", -3),
    ("前天", -2),
    ("昨天", -1),
    ("今天", 0),
    ("明天", 1),
    ("大后天", 3),
    ("后天", 2),
];

fn days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn calendar(year: Option<u32>, month: u32, day: u32) -> Option<String> {
    let sound = (1..=12).contains(&month)
        && (1..=days(year.unwrap_or(2000), month)).contains(&day)
        && year.is_none_or(|y| (1900..=2199).contains(&y));
    sound.then(|| match year {
        Some(y) => format!("{y:04}-{month:02}-{day:02}"),
        None => format!("--{month:02}-{day:02}"),
    })
}

fn month_name(t: &Folded, at: usize) -> Option<(u32, usize)> {
    let m = MONTHS.iter().position(|m| t.follows(at, m).is_some())?;
    let end = t.follows(at + 3, MONTH_ENDS[m]).unwrap_or(at + 3);
    let end = if m == 8 && end == at + 3 { t.follows(end, "t").unwrap_or(end) } else { end };
    let end = t.follows(end, ".").unwrap_or(end);
    let alone = !t.chars.get(end).is_some_and(char::is_ascii_alphabetic);
    alone.then_some((m as u32 + 1, end))
}

fn ordinal(t: &Folded, at: usize) -> usize {
    t.any(at, &["st", "nd", "rd", "th"]).map_or(at, |x| x.1)
}

/// A calendar date, or a day counted from today: ISO 8601 (`2024-01-31`, `--01-31` without a year),
/// or `P-1D` for yesterday.
fn date(t: &Folded, start: usize) -> Option<Found> {
    let found = |end: usize, value: String| {
        t.stands_alone(start, end).then(|| Found::new(start..end, "date", value, 0.95))
    };
    for (word, offset) in RELATIVE {
        if let Some(end) = t.follows(start, word) {
            return found(end, format!("P{offset}D"));
        }
    }
    if let Some((month, end)) = month_name(t, start) {
        let (day, end) = t.number(t.skip_spaces(end), 2)?;
        let end = ordinal(t, end);
        let comma = t.skip_spaces(t.follows(end, ",").unwrap_or(end));
        return match t.number(comma, 4).filter(|y| y.0 >= 1900) {
            Some((year, end)) => found(end, calendar(Some(year), month, day)?),
            None => found(end, calendar(None, month, day)?),
        };
    }
    let (first, end) = t.number(start, 4)?;
    let digits = end - start;
    if let Some(end) = t.any(t.skip_spaces(end), &["days ago", "day ago", "天前", "天之前"]) {
        return found(end.1, format!("P-{first}D"));
    }
    if digits == 4 {
        for (a, b, c) in [("-", "-", ""), ("/", "/", ""), (".", ".", ""), ("年", "月", "日")] {
            let parts = || {
                let (month, end) = t.number(t.follows(end, a)?, 2)?;
                let (day, end) = t.number(t.follows(end, b)?, 2)?;
                Some((month, day, t.any(end, &[c, "号"]).map_or(end, |x| x.1)))
            };
            if let Some((month, day, end)) = parts() {
                return found(end, calendar(Some(first), month, day)?);
            }
        }
        return None;
    }
    if digits > 2 {
        return None;
    }
    if let Some(at) = t.follows(end, "月") {
        let (day, end) = t.number(at, 2)?;
        let end = t.any(end, &["日", "号"]).map_or(end, |x| x.1);
        return found(end, calendar(None, first, day)?);
    }
    let after = t.skip_spaces(ordinal(t, end));
    let after = t.follows(after, "of ").unwrap_or(after);
    let (month, end) = month_name(t, after)?;
    match t.number(t.skip_spaces(end), 4).filter(|y| y.0 >= 1900) {
        Some((year, end)) => found(end, calendar(Some(year), month, first)?),
        None => found(end, calendar(None, month, first)?),
    }
}

const BEFORE: [(&str, &str); 12] = [
    ("us$", "USD"),
    ("hk$", "HKD"),
    ("$", "USD"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("¥", "CNY"),
    ("₹", "INR"),
    ("usd", "USD"),
    ("eur", "EUR"),
    ("gbp", "GBP"),
    ("rmb", "CNY"),
    ("cny", "CNY"),
];
const AFTER: [(&str, &str); 19] = [
    ("人民币", "CNY"),
    ("美元", "USD"),
    ("美金", "USD"),
    ("欧元", "EUR"),
    ("港币", "HKD"),
    ("日元", "JPY"),
    ("块钱", "CNY"),
    ("元", "CNY"),
    ("块", "CNY"),
    ("€", "EUR"),
    ("£", "GBP"),
    ("dollars", "USD"),
    ("dollar", "USD"),
    ("euros", "EUR"),
    ("pounds", "GBP"),
    ("usd", "USD"),
    ("eur", "EUR"),
    ("gbp", "GBP"),
    ("rmb", "CNY"),
];

/// An amount of money: `12.50 USD`.
fn amount(t: &Folded, start: usize) -> Option<Found> {
    let sign = BEFORE.iter().find_map(|(s, c)| t.follows(start, s).map(|end| (*c, end)));
    let from = sign.map_or(start, |s| t.skip_spaces(s.1));
    let mut digits = String::new();
    let mut end = from;
    // Thousands: a comma must be followed by exactly three digits.
    loop {
        let stop = t.run(end, |c| c.is_ascii_digit());
        digits.push_str(&t.text(end, stop));
        let next = t.run(stop + 1, |c| c.is_ascii_digit());
        let grouped = stop > from && t.chars.get(stop) == Some(&',') && next == stop + 4;
        end = if grouped { stop + 1 } else { stop };
        if !grouped || digits.len() > 12 {
            break;
        }
    }
    if digits.is_empty() || digits.len() > 12 {
        return None;
    }
    if t.chars.get(end) == Some(&'.') {
        let stop = t.run(end + 1, |c| c.is_ascii_digit());
        if (1..=2).contains(&(stop - end - 1)) {
            digits.push_str(&t.text(end, stop));
            end = stop;
        }
    }
    let (currency, end) = match sign {
        Some((c, _)) => (c, end),
        None => {
            let at = t.skip_spaces(end);
            AFTER.iter().find_map(|(s, c)| t.follows(at, s).map(|e| (*c, e)))?
        }
    };
    let value: f64 = digits.parse().ok()?;
    t.stands_alone(start, end)
        .then(|| Found::new(start..end, "amount", format!("{value:.2} {currency}"), 0.95))
}

const ORDER_WORDS: [&str; 5] = ["order", "订单", "单号", "purchase", "invoice"];
const SKU_WORDS: [&str; 6] = ["sku", "item no", "model", "货号", "型号", "款号"];

/// Tracking numbers, order numbers and stock-keeping units.
fn code(t: &Folded, start: usize, out: &mut Vec<Found>) {
    // Nothing longer than 40 is a code; looking no further keeps any message linear.
    let part = |c: &&char| c.is_ascii_alphanumeric() || **c == '-';
    let mut end = start + t.chars[start..].iter().take(41).take_while(part).count();
    while end > start && t.chars[end - 1] == '-' {
        end -= 1;
    }
    if end - start > 40 || (start > 0 && t.chars[start - 1] == '-') {
        return;
    }
    let text = t.text(start, end).to_ascii_uppercase();
    let bare: String = text.chars().filter(|&c| c != '-').collect();
    if is_tracking(&bare) {
        out.push(Found::new(start..end, "tracking", bare, 0.97));
        return;
    }
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    let context: String = t.chars[start.saturating_sub(24)..start].iter().collect();
    // The word must belong to this code: no other digits stand between the two.
    let near = |words: &[&str]| {
        words.iter().any(|w| {
            context.rfind(w).is_some_and(|at| {
                !context[at + w.len()..].chars().any(|c| c.is_ascii_digit() || c == ',' || c == '.')
            })
        })
    };
    if digits >= 3 && bare.len() >= 4 && (near(&ORDER_WORDS) || context.ends_with('#')) {
        out.push(Found::new(start..end, "order", text, 0.9));
    } else if near(&SKU_WORDS) && digits >= 1 && bare.len() >= 3 {
        out.push(Found::new(start..end, "sku", text, 0.9));
    } else if digits >= 2 && letters >= 2 && (5..=24).contains(&bare.len()) {
        out.push(Found::new(start..end, "sku", text, 0.6));
    }
}

/// UPS (check digit), UPU S10 postal items (check digit), SF Express, JD and YTO by their shape.
fn is_tracking(code: &str) -> bool {
    let b = code.as_bytes();
    let digits = |s: &[u8]| !s.is_empty() && s.iter().all(u8::is_ascii_digit);
    if b.len() == 18 && code.starts_with("1Z") {
        let value = |c: u8| {
            if c.is_ascii_digit() { u32::from(c - b'0') } else { u32::from(c - 63) % 10 }
        };
        let sum: u32 =
            b[2..17].iter().enumerate().map(|(i, &c)| value(c) * (1 + i as u32 % 2)).sum();
        return b[17].is_ascii_digit() && (10 - sum % 10) % 10 == value(b[17]);
    }
    let letters = |s: &[u8]| s.iter().all(u8::is_ascii_uppercase);
    if b.len() == 13 && letters(&b[..2]) && digits(&b[2..11]) && letters(&b[11..]) {
        let weights = [8, 6, 4, 2, 3, 5, 9, 7];
        let sum: u32 = b[2..10].iter().zip(weights).map(|(&c, w)| u32::from(c - b'0') * w).sum();
        let check = match 11 - sum % 11 {
            10 => 0,
            11 => 5,
            c => c,
        };
        return u32::from(b[10] - b'0') == check;
    }
    let shape = |prefix: &str, low: usize, high: usize| {
        code.strip_prefix(prefix)
            .is_some_and(|r| (low..=high).contains(&r.len()) && digits(r.as_bytes()))
    };
    shape("SF", 12, 13) || shape("JD", 11, 15) || shape("YT", 13, 15)
}
