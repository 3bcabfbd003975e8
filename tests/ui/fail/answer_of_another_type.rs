use procwire::{Answers, Type};

#[derive(Clone, Debug, Type)]
pub struct Page {
    index: u32,
}

#[derive(Clone, Debug, Type)]
pub enum PdfError {
    NotFound { path: String },
}

#[procwire::module(version = "1.0.0")]
pub trait Pdf {
    async fn open(&self, path: String, password: Option<String>, #[default(150)] dpi: u32) -> Result<Page, PdfError>;
    async fn render(&self, page: Page, at: u32) -> Page;
    fn blocks(&self, page: Page) -> Answers<Page, PdfError>;
}

async fn main_(pdf: PdfClient) {
    let _: Result<u32, _> = pdf.open("a.pdf").await;
}

fn main() {}
