//! A module that was written in Rust first.

use procwire::{Ack, Answers, Bytes, Oneway};

/// Handle to an open document.
#[derive(procwire::Type)]
pub struct DocumentId(#[pattern("^doc_[0-9a-f]{16}$")] String);

#[derive(procwire::Type)]
pub enum ImageFormat {
    /// Lossless; large.
    Png,
    /// Small; slow to encode.
    Webp,
    #[unknown]
    Unknown(String),
}

#[derive(procwire::Type)]
pub enum LogLevel {
    Debug,
    Info,
}

#[derive(procwire::Type)]
pub struct Document {
    pub id: DocumentId,
    pub pages: u32,
    pub title: Option<String>,
}

#[derive(procwire::Type)]
pub struct Page {
    pub index: u32,
    pub size: (u32, u32),
    pub format: ImageFormat,
    pub image: Bytes,
}

#[derive(procwire::Type)]
pub enum Block {
    Text { content: String },
    Rule,
    #[unknown]
    Unknown(procwire::Value),
}

#[derive(procwire::Type)]
pub enum PdfError {
    /// No file at `path`, or it is not readable.
    NotFound { path: String },
    Encrypted { hint: Option<String> },
}

/// Opens, renders and searches PDF files.
#[procwire::module(version = "1.4.0", timeout = "30s")]
#[spawn(command = ["python", "-m", "pdf_worker"], restart(max = 5, within = "1m"))]
pub trait Pdf {
    /// Opens a file and reads its metadata.
    async fn open(&self, path: String, password: Option<String>) -> Result<Document, PdfError>;

    /// Renders one page to an image.
    #[timeout("10s")]
    #[idempotent]
    async fn render(
        &self,
        document: DocumentId,
        /// Zero-based.
        page: u32,
        #[default(150)]
        #[range(36..=1200)]
        dpi: u32,
        #[default(ImageFormat::Png)] format: ImageFormat,
    ) -> Result<Page, PdfError>;

    /// Everything on the page, in reading order.
    #[timeout("15s")]
    fn blocks(&self, document: DocumentId, page: u32) -> Answers<Block, PdfError>;

    #[cancellable(false)]
    async fn index(&self, document: DocumentId) -> Result<Ack, PdfError>;

    async fn set_log_level(&self, level: LogLevel) -> Oneway;

    #[event]
    #[keep(latest)]
    fn progress(document: DocumentId, done: u32, total: u32);
}
