use procwire::Type;

#[derive(Type)]
pub enum Format {
    Png,
}

#[derive(Type)]
pub struct Page {
    #[default(Format::Webp)]
    format: Format,
}

fn main() {}
