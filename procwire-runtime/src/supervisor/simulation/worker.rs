//! The simulated worker: a script that keeps the contract of our workers, and dies, stalls and babbles as its dice have it.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Mutex, Notify, Semaphore};
use tokio::task::JoinSet;

use super::contract::{CONTRACT, FLOW, TELL, TOUR, answer, call_of, is_idempotent};
use super::world::{Dice, Part, Process};
use crate::codec::error::{ErrorKind, ErrorPayload};
use crate::connection::Exit;
use crate::control::{Features, Lines, PONG, ParentMessage, announce, failure, tagged};
use crate::ids::{ABORT, CONTEXT, CREDIT, STARTED};
use crate::supervisor::process::Offer;
use crate::transport::{WriteHalf, memory};
use crate::wire::{Decoder, Flags, Frame, Header};

/// Starts the script of a process.
pub(super) fn begin(
    process: &Arc<Process>,
    offer: Offer,
    mut dice: Dice,
    stdio: (DuplexStream, DuplexStream, DuplexStream),
    channel: memory::End,
) {
    let features = Features {
        started: !dice.percent(10),
        credit: offer.features.credit.filter(|_| dice.percent(50)),
        context: dice.percent(50),
        tagged: dice.percent(80),
        inherited: true,
        log: false,
    };
    let worker = Arc::new(Worker {
        process: process.clone(),
        features,
        turn: dice.percent(50).then(|| Semaphore::new(1)),
        finished: Notify::new(),
    });
    let mut tasks = process.tasks.lock().unwrap_or_else(PoisonError::into_inner);
    let control = worker.clone().control(offer, dice.clone(), stdio);
    tasks.push((Part::Control, tokio::spawn(control).abort_handle()));
    let data = tokio::spawn(worker.data(dice, channel)).abort_handle();
    tasks.push((Part::Data, data));
}

struct Worker {
    process: Arc<Process>,
    features: Features,
    /// Of a worker that does one thing after the other.
    turn: Option<Semaphore>,
    /// It hung up, or was asked to go.
    finished: Notify,
}

impl Worker {
    /// The control plane, from the first word to the last.
    async fn control(
        self: Arc<Self>,
        offer: Offer,
        mut dice: Dice,
        (mut stdin, mut stdout, mut stderr): (DuplexStream, DuplexStream, DuplexStream),
    ) {
        let nonce = self.features.tagged.then_some(&offer.nonce);
        tokio::time::sleep(dice.ms(60)).await;
        let _ = stderr.write_all(b"hello\n").await;
        let init = announce(&CONTRACT, "", self.process.pid, &self.features);
        let init = tagged(&init, nonce);
        let said = match dice.below(60) {
            0 => return self.process.die(Exit::Code(3)),
            1 => {
                let _ = stdout.write_all(&init.as_bytes()[..init.len() / 2]).await;
                return self.process.die(Exit::Signal(11));
            }
            2 => {
                let _ = stdout.write_all(failure("no licence").as_bytes()).await;
                return self.process.die(Exit::Code(1));
            }
            3 => return std::future::pending().await,
            4 => init.replace("\"run\"", "\"walk\""),
            5 => init.replace("schema", "scheme"),
            6 => format!("a print\n{{\"method\":\n{init}"),
            _ => init,
        };
        if stdout.write_all(said.as_bytes()).await.is_err() {
            return std::future::pending().await;
        }
        if dice.percent(2) {
            return self.process.die(Exit::Signal(6)); // served, for no time at all
        }
        let (deaf, stubborn, lame) = (dice.percent(5), dice.percent(15), dice.percent(15));
        let (mut lines, mut buffer) = (Lines::new(4 << 10), [0; 512]);
        loop {
            let read = tokio::select! {
                biased;
                () = self.finished.notified() => 0,
                read = stdin.read(&mut buffer) => read.unwrap_or(0),
            };
            if read == 0 {
                if lame {
                    std::future::pending::<()>().await;
                }
                return self.process.die(Exit::Code(0));
            }
            let mut heard = Vec::new();
            lines.feed(&buffer[..read], |_, line| {
                heard.push(match nonce {
                    Some(nonce) => ParentMessage::parse_tagged(&line.bytes, nonce),
                    None => ParentMessage::parse(&line.bytes),
                });
            });
            for message in heard {
                match message {
                    ParentMessage::Ping if !deaf => {
                        let _ = stdout.write_all(tagged(PONG, nonce).as_bytes()).await;
                    }
                    ParentMessage::Shutdown if !stubborn => {
                        tokio::time::sleep(dice.ms(100)).await;
                        return self.process.die(Exit::Code(0));
                    }
                    _ => {}
                }
            }
        }
    }

    /// The data channel.
    async fn data(self: Arc<Self>, mut dice: Dice, channel: memory::End) {
        let (mut read, write) = channel.halves();
        let mouth = Arc::new(Mouth {
            worker: self.clone(),
            half: Mutex::new(write),
        });
        let mut decoder = Decoder::new(u32::MAX);
        let (mut jobs, mut aborts) = (JoinSet::new(), HashMap::<u32, Arc<Notify>>::new());
        let mut buffer = vec![0; 4 << 10];
        loop {
            let Ok(count @ 1..) = read.read(&mut buffer).await else {
                self.finished.notify_one();
                break;
            };
            let mut frames = Vec::new();
            if decoder
                .feed(&buffer[..count], |frame| frames.push(frame))
                .is_err()
            {
                break;
            }
            for frame in frames {
                match frame.header.method {
                    ABORT => {
                        if let Some(abort) = aborts.get(&frame.header.request) {
                            abort.notify_one();
                        }
                    }
                    CREDIT | CONTEXT => {}
                    _ => {
                        let abort = Arc::<Notify>::default();
                        aborts.insert(frame.header.request, abort.clone());
                        let call = call_of(&frame.payload);
                        let pid = self.process.pid;
                        self.process.world.book().seen.insert((call, pid));
                        let fate = Dice::new(self.process.world.seed ^ call, u64::from(pid));
                        let job = Job {
                            mouth: mouth.clone(),
                            abort,
                            call,
                            frame,
                        };
                        jobs.spawn(job.run(fate));
                    }
                }
            }
            if dice.percent(1) {
                // A worker that is busy with something else.
                tokio::time::sleep(dice.ms(300)).await;
            }
        }
        // What is under way goes on, and finds that nobody listens.
        while jobs.join_next().await.is_some() {}
    }
}

/// What a worker says on the data channel, frame by frame.
struct Mouth {
    worker: Arc<Worker>,
    half: Mutex<WriteHalf>,
}

impl Mouth {
    /// Says something whole, then does what goes with it before anything else is said.
    async fn say(&self, bytes: &[u8], then: impl FnOnce()) -> io::Result<()> {
        let mut half = self.half.lock().await;
        half.write_all(bytes).await?;
        then();
        Ok(())
    }

    async fn emit(&self) -> io::Result<()> {
        let process = &self.worker.process;
        let mut half = self.half.lock().await;
        let number = process.world.book().processes[&process.pid].numbered;
        let payload = [u64::from(process.pid).to_be_bytes(), number.to_be_bytes()].concat();
        half.write_all(&frame(1, Flags::EVENT, 0, &payload)).await?;
        let alive = u64::from(!process.is_dead());
        process.world.note(process.pid, |record| {
            record.numbered += 1;
            record.emitted += alive;
        });
        Ok(())
    }
}

/// One request.
struct Job {
    mouth: Arc<Mouth>,
    abort: Arc<Notify>,
    call: u64,
    frame: Frame,
}

impl Job {
    async fn run(self, mut dice: Dice) {
        let worker = self.mouth.worker.clone();
        let _turn = match &worker.turn {
            Some(turn) => turn.acquire().await.ok(),
            None => None,
        };
        // An error says that the channel is gone: nobody is left to hear of it.
        let _ = self.serve(&mut dice).await;
    }

    async fn serve(&self, dice: &mut Dice) -> io::Result<()> {
        let process = self.process();
        let died = |exit| {
            process.die(exit);
            Err(io::ErrorKind::BrokenPipe.into())
        };
        if self.is_given_up() {
            return self.error(ErrorKind::Cancelled).await;
        }
        match dice.below(100) {
            0 | 1 => return died(Exit::Signal(9)),
            2 => return self.garble(dice).await,
            3 => return self.error(ErrorKind::Invalid).await,
            4 => return self.error(ErrorKind::Overloaded).await,
            5 => {
                tokio::time::sleep(dice.ms(80)).await;
                return died(Exit::Code(7));
            }
            _ => {}
        }
        let (id, method) = (self.frame.header.request, self.frame.header.method);
        if self.mouth.worker.features.started && id != 0 && !is_idempotent(method) {
            let started = frame(STARTED, Flags::EVENT, id, &[]);
            self.mouth.say(&started, || {}).await?;
        }
        if dice.percent(2) {
            return died(Exit::Signal(11)); // in the moment before the handler
        }
        let entry = (self.call, process.pid);
        process.world.book().executions.push(entry);
        if dice.percent(20) {
            self.mouth.emit().await?;
        }
        match dice.below(50) {
            0 => return died(Exit::Code(1)),
            1 => return std::future::pending().await, // never, not even when it is given up
            2 => return self.garble(dice).await,
            3 => return self.error(ErrorKind::Exception).await,
            4 => self.mouth.worker.finished.notify_one(), // goes in the middle, in good order
            _ => {}
        }
        let busy = match dice.below(10) {
            0 => dice.ms(2_000),
            1..5 => dice.ms(60),
            _ => Duration::ZERO,
        };
        if dice.percent(10) {
            tokio::time::sleep(busy).await; // deaf to being given up
        } else {
            let busy = tokio::time::timeout(busy, self.abort.notified()).await;
            if busy.is_ok() {
                return self.error(ErrorKind::Cancelled).await;
            }
        }
        self.answer(dice).await?;
        match dice.below(40) {
            0 => died(Exit::Signal(9)),
            1 => {
                // A second answer is against the rules.
                process.world.note(process.pid, |one| one.lawless = true);
                let again = frame(
                    method,
                    Flags::RESPONSE,
                    id,
                    &answer(self.call, process.pid, 0),
                );
                self.mouth.say(&again, || {}).await
            }
            _ => Ok(()),
        }
    }

    async fn answer(&self, dice: &mut Dice) -> io::Result<()> {
        let (
            process,
            Header {
                request, method, ..
            },
        ) = (self.process(), self.frame.header);
        let done = || {
            if !process.is_dead() {
                let answered = (self.call, process.pid);
                process.world.book().answered.insert(answered);
            }
        };
        match method {
            TELL => Ok(()),
            FLOW | TOUR => {
                for index in 0..dice.below(12) {
                    let item = answer(self.call, process.pid, index);
                    let item = frame(method, Flags::CHUNK, request, &item);
                    self.mouth.say(&item, || {}).await?;
                    if dice.percent(30) {
                        tokio::time::sleep(dice.ms(50)).await;
                    }
                    if self.is_given_up() {
                        return self.error(ErrorKind::Cancelled).await;
                    }
                    if dice.percent(1) {
                        process.die(Exit::Signal(9));
                        return Err(io::ErrorKind::BrokenPipe.into());
                    }
                }
                let end = frame(method, Flags::END, request, &[]);
                self.mouth.say(&end, done).await
            }
            _ => {
                let value = answer(self.call, process.pid, 0);
                let value = frame(method, Flags::RESPONSE, request, &value);
                if dice.percent(2) {
                    let half = &value[..1 + dice.below(value.len() as u64 - 1) as usize];
                    process.world.note(process.pid, |one| one.lawless = true);
                    let mut mouth = self.mouth.half.lock().await;
                    mouth.write_all(half).await?;
                    if dice.percent(50) {
                        process.die(Exit::Code(9));
                    }
                    // Nothing follows, not even from what outlives it: the rest of a frame is no place for another.
                    return std::future::pending().await;
                }
                self.mouth.say(&value, done).await
            }
        }
    }

    async fn error(&self, kind: ErrorKind) -> io::Result<()> {
        let Header {
            request, method, ..
        } = self.frame.header;
        if request == 0 {
            return Ok(());
        }
        let flags = if matches!(method, FLOW | TOUR) {
            Flags::STREAM_ERROR
        } else {
            Flags::ERROR
        };
        let mut payload = Vec::new();
        ErrorPayload::new(kind, "as the dice have it").write_plain(&mut payload);
        let error = frame(method, flags, request, &payload);
        self.mouth.say(&error, || {}).await
    }

    /// Says what is no frame, or one that breaks the rules.
    async fn garble(&self, dice: &mut Dice) -> io::Result<()> {
        let process = self.process();
        process.world.note(process.pid, |one| one.lawless = true);
        let method = self.frame.header.method;
        let bytes = match dice.below(4) {
            0 => vec![0xFF; 40],
            1 => frame(method, Flags::RESPONSE, 0x00F0_0001, b"to nobody"),
            2 => frame(ABORT, Flags::RESPONSE, self.frame.header.request, b""),
            _ => frame(method, Flags::REQUEST, self.frame.header.request, b""),
        };
        self.mouth.say(&bytes, || {}).await
    }

    fn is_given_up(&self) -> bool {
        use std::future::Future as _;
        let mut given_up = std::pin::pin!(self.abort.notified());
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        given_up.as_mut().poll(&mut context).is_ready()
    }

    fn process(&self) -> &Process {
        &self.mouth.worker.process
    }
}

fn frame(method: u16, flags: Flags, request: u32, payload: &[u8]) -> Vec<u8> {
    let header = Header {
        method,
        flags,
        request,
        length: u32::try_from(payload.len()).unwrap_or(0),
    };
    [&header.to_bytes()[..], payload].concat()
}
