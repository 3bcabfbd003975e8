#[derive(procwire::Type)]
pub struct Pair(u8, u8);

#[derive(procwire::Type)]
pub enum Numbered {
    One = 1,
    Two(u8, u8),
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    const LIMIT: u32 = 5;
    type Page;
    async fn open(&self, a: Pair, b: Numbered) -> String {
        String::new()
    }
}
