pub struct Plain;

#[derive(procwire::Type)]
pub struct Document {
    plain: Plain,
}

fn main() {}
