//! Messages on their way from one process of Descry to another: by their names and with their arguments, so that they are
//! put into words where it is known in which language.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use thiserror::Error;

use super::{Argument, Message, check};

impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Sent::from(self.clone()).serialize(serializer)
    }
}

/// Only a message that the catalogue has, with arguments that it has.
impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Sent::deserialize(deserializer)?.try_into().map_err(D::Error::custom)
    }
}

/// A message as it travels.
#[derive(Serialize, Deserialize)]
struct Sent {
    id: String,
    arguments: Vec<(String, SentArgument)>,
}

#[derive(Serialize, Deserialize)]
enum SentArgument {
    Text(String),
    /// The bits of a number, of which none is lost.
    Number(u64),
    Message(Sent),
}

/// What came is not in the catalogue.
#[derive(Debug, Error)]
enum Unknown {
    #[error("there is no message {0:?}")]
    Message(String),
    #[error("the message {id} has no argument {name:?}")]
    Argument { id: &'static str, name: String },
}

impl From<Message> for Sent {
    fn from(message: Message) -> Self {
        let sent = |argument| match argument {
            Argument::Text(text) => SentArgument::Text(text),
            Argument::Number(number) => SentArgument::Number(number.to_bits()),
            Argument::Message(message) => SentArgument::Message((*message).into()),
        };
        let arguments = message.arguments.into_iter();
        Self {
            id: message.id.to_owned(),
            arguments: arguments.map(|(name, argument)| (name.to_owned(), sent(argument))).collect(),
        }
    }
}

impl TryFrom<Sent> for Message {
    type Error = Unknown;

    fn try_from(sent: Sent) -> Result<Self, Unknown> {
        let Some((id, block)) = check::find(&sent.id) else { return Err(Unknown::Message(sent.id)) };
        let mut arguments = Vec::with_capacity(sent.arguments.len());
        for (name, argument) in sent.arguments {
            let Some(name) = check::find_argument(block, &name) else {
                return Err(Unknown::Argument { id, name });
            };
            let argument = match argument {
                SentArgument::Text(text) => Argument::Text(text),
                SentArgument::Number(bits) => Argument::Number(f64::from_bits(bits)),
                SentArgument::Message(message) => Argument::Message(Box::new(message.try_into()?)),
            };
            arguments.push((name, argument));
        }
        Ok(Self { id, arguments })
    }
}

#[cfg(test)]
mod tests {
    use super::{super::message, *};

    fn arrived(text: &str) -> Result<Message, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn a_message_arrives_as_it_was_sent() {
        let reason = message!("model-other", detail = "\"cut\" { $off }\n");
        for message in [
            message!("failure-timed-out"),
            message!("failure-model", reason = reason),
            message!("model-newer-format", path = "/m/ü", found = 9_i64, supported = 0.1 + 0.2),
            message!("model-too-large", path = "/m", found = u64::MAX, limit = f64::INFINITY),
        ] {
            let text = serde_json::to_string(&message).unwrap();
            assert_eq!(arrived(&text), Ok(message), "{text}");
        }
    }

    #[test]
    fn what_the_catalogue_does_not_have_is_refused() {
        for (text, expected) in [
            (r#"{"id":"model-nothing","arguments":[]}"#, "no message \"model-nothing\""),
            (r#"{"id":"model","arguments":[]}"#, "no message"),
            (r#"{"id":"","arguments":[]}"#, "no message"),
            (r#"{"id":"model-other","arguments":[["other",{"Text":"a"}]]}"#, "no argument \"other\""),
            (r#"{"id":"model-other","arguments":[["det",{"Text":"a"}]]}"#, "no argument \"det\""),
            (r#"{"id":"model-other","arguments":[["",{"Text":"a"}]]}"#, "no argument"),
            (
                r#"{"id":"failure-model","arguments":[["reason",{"Message":{"id":"x-y","arguments":[]}}]]}"#,
                "no message \"x-y\"",
            ),
            (r#"{"id":"model-other"}"#, "arguments"),
        ] {
            let error = arrived(text).unwrap_err();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
