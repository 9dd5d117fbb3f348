//! The part of Python's pickle format that dictionaries of tensors are written in: read as data, and never run.
//!
//! A pickle is a program for a machine with a stack. Here that machine can make numbers, texts, lists and dictionaries, and
//! it knows the names of a few functions of `PyTorch`, which it does not call: whoever reads the result decides what a
//! call of a known function means. Any other name is an error, so a hostile file can at most be refused. All that is
//! made lies in one list and refers to its parts by number, and texts are shared: memory is a multiple of the file's size,
//! whatever is in it.

use std::rc::Rc;

use thiserror::Error;

/// What a pickle holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// `None`, and what nobody asks for.
    Nothing,
    Bool(bool),
    Number(i64),
    Real(f64),
    Text(Rc<str>),
    /// A tuple or list, by its place in [`Machine::lists`].
    List(usize),
    /// A dictionary, keys and values in turn, by its place in [`Machine::lists`].
    Dictionary(usize),
    /// Something of a module of Python, by its whole name.
    Name(Rc<str>),
    /// A call: the name of the function, and the place of its arguments.
    Call(&'static str, usize),
    /// Something that lies outside of the pickle, by the place of what says where.
    Outside(usize),
}

/// Functions that a dictionary of tensors is made with.
pub(super) const TENSOR: &str = "torch._utils._rebuild_tensor_v2";
pub(super) const PARAMETER: &str = "torch._utils._rebuild_parameter";
const ORDERED: &str = "collections.OrderedDict";
/// More operations than the pickle of any network has.
const MAXIMUM_OPERATIONS: usize = 4 << 20;

/// Why bytes are not a pickle that is understood.
#[derive(Debug, Error)]
pub enum PickleError {
    /// It ends too early.
    #[error("it is cut short")]
    Short,
    /// It uses what dictionaries of tensors do not.
    #[error("it uses the operation {0:#04x}, which no dictionary of tensors needs")]
    Operation(u8),
    /// It names something that is not known.
    #[error(
        "it holds a {0}, which is no part of a dictionary of tensors and is never run; save `model.state_dict()`"
    )]
    Foreign(String),
    /// Its operations contradict each other.
    #[error("it contradicts itself")]
    Broken,
    /// It is longer than a network's.
    #[error("it has more than {MAXIMUM_OPERATIONS} operations")]
    Long,
}

/// What has been made so far.
#[derive(Debug, Default)]
pub(super) struct Machine {
    /// Tuples, lists and dictionaries.
    pub(super) lists: Vec<Vec<Value>>,
    stack: Vec<Value>,
    /// Lengths of the stack at the marks.
    marks: Vec<usize>,
    memo: std::collections::BTreeMap<usize, Value>,
    memorised: usize,
}

/// The bytes that are still to be read.
#[derive(Debug)]
pub(super) struct Bytes<'file>(pub(super) &'file [u8]);

impl<'file> Bytes<'file> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'file [u8], PickleError> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(PickleError::Short)?;
        self.0 = rest;
        Ok(taken)
    }

    /// A whole number of up to 8 bytes, the least first.
    pub(super) fn number(&mut self, length: usize) -> Result<usize, PickleError> {
        let value = self.take(length)?.iter().rev().fold(0u64, |value, byte| value << 8 | u64::from(*byte));
        usize::try_from(value).map_err(|_| PickleError::Broken)
    }

    fn line(&mut self) -> Result<String, PickleError> {
        let end = self.0.iter().position(|byte| *byte == b'\n').ok_or(PickleError::Short)?;
        let line = self.take(end)?;
        self.take(1)?;
        Ok(String::from_utf8_lossy(line).into_owned())
    }

    fn text(&mut self, length: usize) -> Result<Value, PickleError> {
        let length = self.number(length)?;
        Ok(Value::Text(String::from_utf8_lossy(self.take(length)?).into()))
    }
}

impl Machine {
    /// Reads one pickle from the front of the bytes.
    pub(super) fn read(&mut self, bytes: &mut Bytes<'_>) -> Result<Value, PickleError> {
        (self.stack, self.marks, self.memorised) = (Vec::new(), Vec::new(), 0);
        self.memo.clear();
        for _ in 0..MAXIMUM_OPERATIONS {
            let operation = bytes.number(1)? as u8;
            if operation == b'.' {
                return self.pop();
            }
            self.operate(operation, bytes)?;
        }
        Err(PickleError::Long)
    }

    fn operate(&mut self, operation: u8, bytes: &mut Bytes<'_>) -> Result<(), PickleError> {
        match operation {
            // Protocol and frame: what they say is not needed.
            0x80 => drop(bytes.take(1)?),
            0x95 => drop(bytes.take(8)?),
            b'N' => self.stack.push(Value::Nothing),
            0x88 | 0x89 => self.stack.push(Value::Bool(operation == 0x88)),
            b'K' | b'M' => {
                let number = bytes.number(if operation == b'K' { 1 } else { 2 })?;
                self.stack.push(Value::Number(number as i64));
            }
            b'J' => {
                let number = bytes.number(4)? as u32;
                self.stack.push(Value::Number(i64::from(number.cast_signed())));
            }
            0x8a => {
                let length = bytes.number(1)?;
                self.stack.push(long(bytes.take(length)?));
            }
            b'G' => {
                let eight: [u8; 8] = bytes.take(8)?.try_into().map_err(|_| PickleError::Short)?;
                self.stack.push(Value::Real(f64::from_be_bytes(eight)));
            }
            b'X' | b'T' | b'B' => {
                let text = bytes.text(4)?;
                self.stack.push(text);
            }
            0x8c | b'U' | b'C' => {
                let text = bytes.text(1)?;
                self.stack.push(text);
            }
            b'q' | b'r' | 0x94 => {
                let place = match operation {
                    b'q' => bytes.number(1)?,
                    b'r' => bytes.number(4)?,
                    _ => self.memorised,
                };
                let top = self.stack.last().ok_or(PickleError::Broken)?.clone();
                self.memo.insert(place, top);
                self.memorised += 1;
            }
            b'h' | b'j' => {
                let place = bytes.number(if operation == b'h' { 1 } else { 4 })?;
                self.stack.push(self.memo.get(&place).ok_or(PickleError::Broken)?.clone());
            }
            b'c' => {
                let name = format!("{}.{}", bytes.line()?, bytes.line()?);
                self.name(name)?;
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => self.name(format!("{module}.{name}"))?,
                _ => return Err(PickleError::Broken),
            },
            b'R' => self.call()?,
            // What is set on an object, such as the version of a dictionary of tensors: not asked for.
            b'b' => drop(self.pop()?),
            b'Q' => {
                let said = self.pop()?;
                let Value::List(place) = said else { return Err(PickleError::Broken) };
                self.stack.push(Value::Outside(place));
            }
            _ => self.collect(operation)?,
        }
        Ok(())
    }

    /// Tuples, lists and dictionaries.
    fn collect(&mut self, operation: u8) -> Result<(), PickleError> {
        match operation {
            b'(' => self.marks.push(self.stack.len()),
            b'}' | b']' | b')' => self.made(Vec::new(), operation == b'}'),
            b't' | b'l' | b'd' => {
                let parts = self.since_mark()?;
                self.made(parts, operation == b'd');
            }
            0x85..=0x87 => {
                let count = usize::from(operation - 0x84);
                let from = self.stack.len().checked_sub(count).ok_or(PickleError::Broken)?;
                let parts = self.stack.split_off(from);
                self.made(parts, false);
            }
            b'a' => {
                let part = self.pop()?;
                self.extend(vec![part])?;
            }
            b's' => {
                let value = self.pop()?;
                let key = self.pop()?;
                self.extend(vec![key, value])?;
            }
            b'e' | b'u' => {
                let parts = self.since_mark()?;
                self.extend(parts)?;
            }
            b'0' => drop(self.pop()?),
            other => return Err(PickleError::Operation(other)),
        }
        Ok(())
    }

    fn name(&mut self, name: String) -> Result<(), PickleError> {
        let storage =
            name.strip_prefix("torch.").is_some_and(|name| name.ends_with("Storage") && !name.contains('.'));
        if !storage && ![TENSOR, PARAMETER, ORDERED].contains(&name.as_str()) {
            return Err(PickleError::Foreign(name));
        }
        self.stack.push(Value::Name(name.into()));
        Ok(())
    }

    fn call(&mut self) -> Result<(), PickleError> {
        let (Value::List(arguments), Value::Name(name)) = (self.pop()?, self.pop()?) else {
            return Err(PickleError::Broken);
        };
        match &*name {
            ORDERED => self.made(Vec::new(), true),
            TENSOR => self.stack.push(Value::Call(TENSOR, arguments)),
            PARAMETER => self.stack.push(Value::Call(PARAMETER, arguments)),
            _ => return Err(PickleError::Foreign(name.to_string())),
        }
        Ok(())
    }

    fn made(&mut self, parts: Vec<Value>, dictionary: bool) {
        let place = self.lists.len();
        self.lists.push(parts);
        self.stack.push(if dictionary { Value::Dictionary(place) } else { Value::List(place) });
    }

    fn extend(&mut self, parts: Vec<Value>) -> Result<(), PickleError> {
        let (Value::List(place) | Value::Dictionary(place)) = self.stack.last().ok_or(PickleError::Broken)?
        else {
            return Err(PickleError::Broken);
        };
        self.lists.get_mut(*place).ok_or(PickleError::Broken)?.extend(parts);
        Ok(())
    }

    fn since_mark(&mut self) -> Result<Vec<Value>, PickleError> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len()).ok_or(PickleError::Broken)?;
        Ok(self.stack.split_off(mark))
    }

    fn pop(&mut self) -> Result<Value, PickleError> {
        self.stack.pop().ok_or(PickleError::Broken)
    }
}

/// A whole number of any length, the least byte first; one that does not fit is nothing that a tensor needs.
fn long(bytes: &[u8]) -> Value {
    let fill = if bytes.last().is_some_and(|byte| *byte >= 0x80) { 0xff } else { 0 };
    let mut eight = [fill; 8];
    match eight.get_mut(..bytes.len()) {
        Some(low) => {
            low.copy_from_slice(bytes);
            Value::Number(i64::from_le_bytes(eight))
        }
        None => Value::Nothing,
    }
}
