//! A module written as a Rust trait, exactly as the guide writes it.

#![allow(
    clippy::use_self,
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    reason = "as short as the guide"
)]

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use procwire::{Ack, Answers, Bytes, Oneway};

/// Handle to an open document.
#[derive(Clone, procwire::Type)]
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
    pub modified: Option<SystemTime>,
    #[default({})]
    pub labels: HashMap<String, String>,
    #[default([])]
    pub outline: Vec<Outline>,
}

#[derive(procwire::Type)]
pub struct Outline {
    #[len(1..=500)]
    pub title: String,
    pub page: u32,
    #[default([])]
    pub children: Vec<Outline>,
    pub next: Option<Box<Outline>>,
}

#[derive(procwire::Type)]
pub struct Page {
    pub index: u32,
    pub size: (u32, u32),
    pub format: ImageFormat,
    pub image: Bytes,
    pub took: Duration,
}

pub mod geo {
    #[derive(procwire::Type)]
    pub struct Rect {
        pub x: f32,
        pub y: f32,
    }
}

#[derive(procwire::Type)]
pub enum Block {
    Text {
        content: String,
        bbox: geo::Rect,
    },
    HTMLPart(Outline),
    Rule,
    #[unknown]
    Other(procwire::RawValue),
}

#[derive(procwire::Type)]
pub enum PdfError {
    /// No file at `path`, or it is not readable.
    NotFound {
        path: String,
    },
    Encrypted {
        hint: Option<String>,
    },
    Corrupt {
        offset: u64,
        reason: String,
    },
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

    async fn page_count(&self) -> u32;

    async fn concat(&self, #[payload] data: Bytes) -> Bytes;

    #[event]
    #[keep(latest)]
    fn progress(document: DocumentId, done: u32, total: u32);
}

struct FakePdf;

impl Pdf for FakePdf {
    async fn open(&self, path: String, _password: Option<String>) -> Result<Document, PdfError> {
        Err(PdfError::NotFound { path })
    }

    async fn render(
        &self,
        _: DocumentId,
        page: u32,
        dpi: u32,
        format: ImageFormat,
    ) -> Result<Page, PdfError> {
        Ok(Page {
            index: page,
            size: (dpi, dpi),
            format,
            image: Bytes::new(),
            took: Duration::ZERO,
        })
    }

    fn blocks(&self, _: DocumentId, _: u32) -> Answers<Block, PdfError> {
        Answers::from_iter([Block::Rule])
    }

    async fn index(&self, _: DocumentId) -> Result<Ack, PdfError> {
        Ok(Ack::default())
    }

    async fn set_log_level(&self, _: LogLevel) -> Oneway {
        Oneway
    }

    async fn page_count(&self) -> u32 {
        3
    }

    async fn concat(&self, data: Bytes) -> Bytes {
        data
    }
}

#[test]
fn it_compiles() {
    let _ = |pdf: PdfClient, id: DocumentId| async move {
        let _ = pdf.open("report.pdf").password("hunter2").await;
        let page = pdf
            .render(&id, 0)
            .dpi(300)
            .timeout(Duration::from_secs(5))
            .await;
        let _ = pdf.concat(b"abc").await;
        page.map(|page| page.index)
    };
    let _ = || PdfClient::in_memory(FakePdf);
}
