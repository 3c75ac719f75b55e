//! Frequencies, and the grid of points in time that a panel's observations lie on.
//!
//! Timestamps are seconds since 1970-01-01T00:00 in the caller's own local clock, without time
//! zones, on the proleptic Gregorian calendar; for [`Unit::Step`] they are plain integers. A zone
//! change shows up as one missing or one repeated hour, which the panel treats like any other gap
//! or duplicate.

use crate::{Error, Result};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The unit of a [`Frequency`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unit {
    /// A bare counter 1, 2, 3 ...: timestamps are integers, not seconds.
    Step,
    /// Seconds.
    Second,
    /// Minutes.
    Minute,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Monday to Friday.
    BusinessDay,
    /// Weeks, on whichever weekday the data uses.
    Week,
    /// Months, at their first, last or a fixed day.
    Month,
    /// Quarters.
    Quarter,
    /// Years.
    Year,
}

/// Seconds of one day.
pub const DAY: i64 = 86_400;
/// Timestamps and steps lie within plus or minus this, so that no calendar arithmetic overflows.
pub const MAX_TIMESTAMP: i64 = 1 << 53;

impl Unit {
    /// Seconds of one unit, for the units of constant length.
    fn seconds(self) -> Option<i64> {
        match self {
            Unit::Second => Some(1),
            Unit::Minute => Some(60),
            Unit::Hour => Some(3600),
            Unit::Day => Some(DAY),
            Unit::Week => Some(7 * DAY),
            _ => None,
        }
    }

    fn months(self) -> Option<i64> {
        match self {
            Unit::Month => Some(1),
            Unit::Quarter => Some(3),
            Unit::Year => Some(12),
            _ => None,
        }
    }

    fn alias(self) -> &'static str {
        match self {
            Unit::Step => "step",
            Unit::Second => "s",
            Unit::Minute => "min",
            Unit::Hour => "h",
            Unit::Day => "D",
            Unit::BusinessDay => "B",
            Unit::Week => "W",
            Unit::Month => "M",
            Unit::Quarter => "Q",
            Unit::Year => "Y",
        }
    }
}

/// How far apart observations are: a number of units.
///
/// ```
/// use mercato_core::panel::{Frequency, Unit};
/// let f: Frequency = "15min".parse()?;
/// assert_eq!((f.unit(), f.every()), (Unit::Minute, 15));
/// assert_eq!(f.to_string(), "15min");
/// assert_eq!("MS".parse::<Frequency>()?.unit(), Unit::Month);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Frequency {
    unit: Unit,
    every: u32,
}

impl Frequency {
    /// One observation per `every` units; `every` in 1..=10000, and 1 for business days.
    ///
    /// # Errors
    /// `invalid_params`.
    pub fn new(unit: Unit, every: u32) -> Result<Self> {
        let top = if unit == Unit::BusinessDay { 1 } else { 10_000 };
        if every == 0 || every > top {
            return Err(Error::invalid_params(format!(
                "a frequency of {every} {} is outside 1..={top}",
                unit.alias()
            )));
        }
        Ok(Self { unit, every })
    }

    /// The unit.
    #[must_use]
    pub fn unit(self) -> Unit {
        self.unit
    }

    /// How many units lie between two observations.
    #[must_use]
    pub fn every(self) -> u32 {
        self.every
    }

    /// The usual number of observations in one season: 12 for months, 7 for days, 24 for hours,
    /// and 1 where no season is usual.
    #[must_use]
    pub fn season_length(self) -> usize {
        let whole = match self.unit {
            Unit::Minute | Unit::Second => 60,
            Unit::Hour => 24,
            Unit::Day => 7,
            Unit::BusinessDay => 5,
            Unit::Week => 52,
            Unit::Month => 12,
            Unit::Quarter => 4,
            Unit::Step | Unit::Year => 1,
        };
        if whole % self.every == 0 { (whole / self.every) as usize } else { 1 }
    }
}

impl fmt::Display for Frequency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unit, self.every) {
            (Unit::Step, n) => write!(f, "{n}"),
            (u, 1) => f.write_str(u.alias()),
            (u, n) => write!(f, "{n}{}", u.alias()),
        }
    }
}

impl From<Frequency> for String {
    fn from(f: Frequency) -> Self {
        f.to_string()
    }
}

impl TryFrom<String> for Frequency {
    type Error = Error;
    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl std::str::FromStr for Frequency {
    type Err = Error;

    /// Reads an integer step (`"1"`) or an alias with an optional multiple: `s`, `min`, `h`, `D`,
    /// `B`, `W`, `M`, `Q`, `Y`; the anchored spellings of pandas (`MS`, `ME`, `QS`, `W-SUN`, ...)
    /// are accepted, and the anchor itself is read off the data.
    fn from_str(text: &str) -> Result<Self> {
        let t = text.trim();
        let digits = t.bytes().take_while(u8::is_ascii_digit).count();
        let (number, alias) = t.split_at(digits);
        let bad = || {
            Error::invalid_params(format!(
                "frequency {text:?} is unknown: use an integer step, or s, min, h, D, B, W, M, Q, \
                 Y with an optional multiple such as 15min"
            ))
        };
        let every = if number.is_empty() { 1 } else { number.parse().map_err(|_| bad())? };
        let base = alias.split_once("-").map_or(alias, |(base, _)| base);
        let unit = match base {
            "step" => Unit::Step,
            "" if alias.is_empty() && digits > 0 => Unit::Step,
            "s" | "S" => Unit::Second,
            "min" | "T" => Unit::Minute,
            "h" | "H" => Unit::Hour,
            "D" | "d" => Unit::Day,
            "B" => Unit::BusinessDay,
            "W" | "w" => Unit::Week,
            "M" | "MS" | "ME" => Unit::Month,
            "Q" | "QS" | "QE" => Unit::Quarter,
            "Y" | "YS" | "YE" | "A" | "AS" => Unit::Year,
            _ => return Err(bad()),
        };
        Self::new(unit, every)
    }
}

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    /// Astronomical year number.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
}

impl Date {
    /// The date of a number of days since 1970-01-01 (Hinnant's civil-from-days, in years that
    /// begin in March so that the leap day comes last).
    #[must_use]
    pub fn from_days(days: i64) -> Self {
        let z = days + 719_468;
        let era = z.div_euclid(146_097);
        let doe = z.rem_euclid(146_097);
        let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
        let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
        let mp = (5 * doy + 2) / 153;
        let day = (doy - (153 * mp + 2) / 5 + 1) as u8;
        let month = if mp < 10 { mp + 3 } else { mp - 9 } as u8;
        Self { year: yoe + era * 400 + i64::from(month <= 2), month, day }
    }

    /// Days since 1970-01-01.
    #[must_use]
    pub fn to_days(self) -> i64 {
        let y = self.year - i64::from(self.month <= 2);
        let era = y.div_euclid(400);
        let yoe = y.rem_euclid(400);
        let m = i64::from(self.month);
        let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + i64::from(self.day) - 1;
        era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
    }

    /// Day of the week, 0 = Monday.
    #[must_use]
    pub fn weekday(self) -> u8 {
        weekday(self.to_days())
    }

    /// Day of the year, from 1.
    #[must_use]
    pub fn ordinal(self) -> u16 {
        (self.to_days() - Date { month: 1, day: 1, ..self }.to_days() + 1) as u16
    }

    /// ISO 8601 week number, 1 to 53.
    #[must_use]
    pub fn iso_week(self) -> u8 {
        let thursday = Date::from_days(self.to_days() + 3 - i64::from(self.weekday()));
        ((thursday.ordinal() - 1) / 7 + 1) as u8
    }
}

/// 1970-01-01 was a Thursday.
fn weekday(days: i64) -> u8 {
    (days + 3).rem_euclid(7) as u8
}

fn month_length(year: i64, month: u8) -> u8 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + u8::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Month number since year 0, day of the month and length of that month.
fn month_of(days: i64) -> (i64, u8, u8) {
    let d = Date::from_days(days);
    (d.year * 12 + i64::from(d.month) - 1, d.day, month_length(d.year, d.month))
}

/// `Calendar::day` for "the last day of the month".
const MONTH_END: u8 = 0;

/// A grid in time: a frequency and where its points lie. Points are numbered by consecutive
/// integers, called periods, so that arithmetic on series is arithmetic on integers.
///
/// ```
/// use mercato_core::panel::{Calendar, Date, Frequency};
/// let day = |year, month, day| Date { year, month, day }.to_days() * 86_400;
/// let ends = [day(2024, 1, 31), day(2024, 2, 29)];
/// let c = Calendar::infer("M".parse()?, &ends);
/// assert_eq!(c.period(ends[1]).unwrap() - c.period(ends[0]).unwrap(), 1);
/// assert_eq!(c.timestamp(c.period(ends[1]).unwrap() + 2), day(2024, 4, 30));
/// assert_eq!(c.period(day(2024, 2, 28)), None);
/// # Ok::<(), mercato_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    frequency: Frequency,
    /// First point at or after zero: a step, seconds, or a month number.
    phase: i64,
    /// Day of the month of month-like frequencies; `MONTH_END` for the last.
    day: u8,
    /// Seconds after midnight of month-like and business-day frequencies.
    time: u32,
}

impl Calendar {
    /// The grid of `frequency` that `timestamps` suggest: the phase is the first one's, and the day of
    /// the month is the first, the last, or the latest that occurs.
    #[must_use]
    pub fn infer(frequency: Frequency, timestamps: &[i64]) -> Self {
        let first = timestamps.first().copied().unwrap_or(0).clamp(-MAX_TIMESTAMP, MAX_TIMESTAMP);
        let every = i64::from(frequency.every);
        let time = first.rem_euclid(DAY) as u32;
        let mut out = Self { frequency, phase: 0, day: 1, time: 0 };
        if frequency.unit == Unit::Step {
            out.phase = first.rem_euclid(every);
        } else if let Some(seconds) = frequency.unit.seconds() {
            out.phase = first.rem_euclid(seconds * every);
        } else if let Some(months) = frequency.unit.months() {
            out.time = time;
            out.phase = month_of(first.div_euclid(DAY)).0.rem_euclid(months * every);
            let days = |t: &i64| month_of(t.clamp(&-MAX_TIMESTAMP, &MAX_TIMESTAMP).div_euclid(DAY));
            let latest = timestamps.iter().map(|t| days(t).1).max().unwrap_or(1);
            let all_ends = timestamps.iter().all(|t| days(t).1 == days(t).2);
            out.day = if latest > 1 && all_ends { MONTH_END } else { latest };
        } else {
            out.time = time;
        }
        out
    }

    /// The frequency.
    #[must_use]
    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// The number of the grid point at `timestamp`; `None` when it is off the grid.
    #[must_use]
    pub fn period(&self, timestamp: i64) -> Option<i64> {
        if timestamp.unsigned_abs() > MAX_TIMESTAMP as u64 {
            return None;
        }
        let every = i64::from(self.frequency.every);
        let unit = self.frequency.unit;
        let fixed = if unit == Unit::Step { Some(1) } else { unit.seconds() };
        if let Some(size) = fixed {
            let t = timestamp - self.phase;
            return (t.rem_euclid(size * every) == 0).then(|| t.div_euclid(size * every));
        }
        let days = timestamp.div_euclid(DAY);
        if timestamp.rem_euclid(DAY) != i64::from(self.time) {
            return None;
        }
        if let Some(months) = unit.months() {
            let (month, day, last) = month_of(days);
            let expected = if self.day == MONTH_END { last } else { self.day.min(last) };
            let m = month - self.phase;
            let size = months * every;
            return (day == expected && m.rem_euclid(size) == 0).then(|| m.div_euclid(size));
        }
        let weekday = i64::from(weekday(days));
        (weekday < 5).then(|| (days + 3).div_euclid(7) * 5 + weekday)
    }

    /// The timestamp of a grid point.
    #[must_use]
    pub fn timestamp(&self, period: i64) -> i64 {
        let every = i64::from(self.frequency.every);
        let unit = self.frequency.unit;
        let fixed = if unit == Unit::Step { Some(1) } else { unit.seconds() };
        if let Some(size) = fixed {
            return period.saturating_mul(size * every).saturating_add(self.phase);
        }
        let period = period.clamp(-MAX_TIMESTAMP, MAX_TIMESTAMP);
        let days = if let Some(months) = unit.months() {
            let m = (period.saturating_mul(months * every) + self.phase)
                .clamp(-MAX_TIMESTAMP / DAY / 31, MAX_TIMESTAMP / DAY / 31);
            let (year, month) = (m.div_euclid(12), (m.rem_euclid(12) + 1) as u8);
            let last = month_length(year, month);
            let day = if self.day == MONTH_END { last } else { self.day.clamp(1, last) };
            Date { year, month, day }.to_days()
        } else {
            period.div_euclid(5) * 7 + period.rem_euclid(5) - 3
        };
        days.saturating_mul(DAY).saturating_add(i64::from(self.time))
    }

    /// The date of a grid point; `None` for integer steps.
    #[must_use]
    pub fn date(&self, period: i64) -> Option<Date> {
        (self.frequency.unit != Unit::Step)
            .then(|| Date::from_days(self.timestamp(period).div_euclid(DAY)))
    }

    /// A grid point as people write it: `2024-02-29`, `2024-02-29T13:00:00`, or the step.
    #[must_use]
    pub fn label(&self, period: i64) -> String {
        label(self.frequency.unit, self.timestamp(period))
    }

    /// Whether the fields, perhaps read from a file, make a grid.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.day <= 31
            && i64::from(self.time) < DAY
            && self.phase.unsigned_abs() <= MAX_TIMESTAMP as u64
    }
}

/// A timestamp as people write it.
pub(super) fn label(unit: Unit, timestamp: i64) -> String {
    if unit == Unit::Step || timestamp.unsigned_abs() > MAX_TIMESTAMP as u64 {
        return timestamp.to_string();
    }
    let d = Date::from_days(timestamp.div_euclid(DAY));
    let s = timestamp.rem_euclid(DAY);
    let date = format!("{:04}-{:02}-{:02}", d.year, d.month, d.day);
    if s == 0 && !matches!(unit, Unit::Second | Unit::Minute | Unit::Hour) {
        return date;
    }
    format!("{date}T{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60)
}
