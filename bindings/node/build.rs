//! Tells the linker that Node gives the symbols.

fn main() {
    napi_build::setup();
}
