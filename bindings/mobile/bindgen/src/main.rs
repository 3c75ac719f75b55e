//! `mercato-bindgen generate --library <library> --language kotlin --out-dir <folder>`.

fn main() {
    uniffi::uniffi_bindgen_main();
}
