//! Retail intelligence you embed.
