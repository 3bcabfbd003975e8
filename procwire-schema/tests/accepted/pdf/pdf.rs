//! The same module as `pdf.toml`.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use procwire::{Ack, Answers, Bytes, Decimal, Oneway};

pub mod geo {
    /// A rectangle in points; the origin is the upper left corner.
    #[derive(procwire::Type)]
    pub struct Rect {
        pub x: f32,
        pub y: f32,
        pub w: f32,
        pub h: f32,
    }
}

/// Handle to an open document.
#[derive(procwire::Type)]
pub struct DocumentId(#[pattern("^doc_[0-9a-f]{16}$")] String);

#[derive(procwire::Type)]
pub enum LogLevel {
    Debug,
    Info,
    Warn,
    Error,
}

#[derive(procwire::Type)]
pub enum ImageFormat {
    /// Lossless; large.
    Png,
    /// Small; slow to encode.
    Webp,
    #[unknown]
    Unknown(String),
}

#[derive(Clone, Debug, procwire::Type)]
pub struct Document {
    pub id: DocumentId,
    pub pages: u32,
    pub title: Option<String>,
    pub modified: Option<SystemTime>,
    #[default({})]
    pub labels: BTreeMap<String, String>,
    #[default([])]
    pub outline: Vec<Outline>,
    #[deprecated = "use labels.author"]
    pub author: Option<String>,
}

/// One entry of the table of contents.
#[derive(procwire::Type)]
pub struct Outline {
    #[len(1..=500)]
    pub title: String,
    pub page: u32,
    #[default([])]
    pub children: Vec<Outline>,
}

#[derive(procwire::Type)]
pub struct Page {
    pub index: u32,
    pub size: (u32, u32),
    pub format: ImageFormat,
    pub image: Bytes,
    pub took: Duration,
}

/// Something found on a page.
#[derive(procwire::Type)]
pub enum Block {
    Text { content: String, bbox: geo::Rect },
    Figure { caption: Option<String>, bbox: geo::Rect, data: Bytes },
    Rule {},
    #[unknown]
    Unknown(procwire::Value),
}

#[derive(procwire::Type)]
pub enum PdfError {
    /// No file at `path`, or it is not readable.
    NotFound { path: String },
    Encrypted { hint: Option<String> },
    Corrupt { offset: u64, reason: String },
}

/// One row per paragraph.
#[derive(procwire::Type)]
#[table]
pub struct Embeddings {
    pub page: u32,
    pub text: String,
    pub vector: [f32; 384],
}

/// Opens, renders and searches PDF files.
///
/// Handles live as long as the worker process; after a restart, open again.
#[procwire::module(version = "1.4.0", timeout = "30s")]
#[spawn(
    command = ["python", "-m", "pdf_worker"],
    ready = "20s",
    restart(max = 5, within = "1m", backoff = "200ms..10s"),
    heartbeat(every = "5s", miss = "15s"),
    limits(in_flight = 64, payload = "256 MiB")
)]
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

    /// Embeds the whole document.
    fn embed(&self, document: DocumentId) -> Answers<Embeddings, PdfError>;

    /// Starts building the search index; `indexed` fires when it is done.
    #[cancellable(false)]
    async fn index(&self, document: DocumentId) -> Result<Ack, PdfError>;

    /// Joins files; bytes in, bytes out, no encoding in between.
    #[timeout("2m")]
    #[codec("raw")]
    async fn concat(&self, #[payload] files: Bytes) -> Result<Bytes, PdfError>;

    async fn set_log_level(&self, level: LogLevel) -> Oneway;

    #[event]
    #[keep(latest)]
    fn progress(document: DocumentId, done: u32, total: u32);

    #[event]
    fn indexed(document: DocumentId, terms: u64, cost: Decimal);
}
