#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self, a: usize, b: &str, c: char, d: PathBuf, e: i128, f: strng, g: fn(u8), h: Vec, i: Box<dyn Any>) -> Result<String, String>;
}
