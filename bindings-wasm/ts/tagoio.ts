// TagoIO's other transports: the same frames as HTTP requests and as MQTT messages.

import * as glue from "#glue";

import { at, decode, outputText, start, words } from "./core.js";
import { kindOf, refuse, TipwireError, unbuilt, unreadable } from "./error.js";
import { asText, asWord, bytesOf } from "./load.js";

/** What is needed of a request; what is left out is empty. */
export interface HttpRequestInit {
  method: string;
  path: string;
  query?: string | undefined;
  authorization?: string | undefined;
  body?: string | Uint8Array | undefined;
}

/** A request, in the parts that HTTP libraries take and give. */
export class HttpRequest {
  /** `POST`, `GET` or `HEAD`. */
  readonly method: string;
  /** The path, without query. */
  readonly path: string;
  /** The query without its `?`. */
  readonly query: string;
  /** The value of the header `Authorization`; nothing with an envelope, which has its own. */
  readonly authorization: string;
  readonly body: Uint8Array;

  constructor({ method, path, query = "", authorization = "", body = "" }: HttpRequestInit) {
    this.method = asText(method);
    this.path = asText(path);
    this.query = asText(query);
    this.authorization = asText(authorization);
    this.body = bytesOf(body);
  }

  /** The request that says what a frame says. */
  static fromFrame(frame: string | Uint8Array): HttpRequest {
    start();
    const [method, path, query, authorization, body] = parts(glue.http_request(bytesOf(frame)), 5);
    return new HttpRequest({ method: method!, path: path!, query, authorization, body });
  }

  /** The request that carries an envelope. */
  static fromEnvelope(envelope: Uint8Array): HttpRequest {
    start();
    const [method, path, query, authorization] = parts(glue.http_request_of_envelope(), 4);
    return new HttpRequest({ method: method!, path: path!, query, authorization, body: envelope });
  }

  /** The envelope, where the request carries one. */
  get envelope(): Uint8Array | undefined {
    start();
    return glue.http_has_envelope(this.method, this.path) ? this.body : undefined;
  }

  /** The frame that says what the request says. */
  toFrame(): string {
    start();
    return made(glue.http_frame(this.method, this.path, this.query, this.authorization, this.body));
  }
}

/** What is needed of a response. */
export interface HttpResponseInit {
  status: number;
  command?: string | undefined;
  body?: string | Uint8Array | undefined;
}

/** A response, in the parts that HTTP libraries take and give. */
export class HttpResponse {
  readonly status: number;
  /** The value of the header `X-TagoTiP-CMD`. */
  readonly command: string | undefined;
  readonly body: Uint8Array;

  constructor({ status, command, body = "" }: HttpResponseInit) {
    this.status = asWord(status, 0xffff);
    this.command = command === undefined ? undefined : asText(command);
    this.body = bytesOf(body);
  }

  static #made(result: number, body?: Uint8Array): HttpResponse {
    const [command, text] = parts(result, 2);
    const [status, hasCommand] = [words[2]!, words[3]! === 1];
    return new HttpResponse({ status, command: hasCommand ? command : undefined, body: body ?? text });
  }

  /** The response that says what an answer says. */
  static fromAck(ack: string | Uint8Array): HttpResponse {
    start();
    return HttpResponse.#made(glue.http_response(bytesOf(ack)));
  }

  /** The response that carries an envelope. */
  static fromEnvelope(envelope: Uint8Array): HttpResponse {
    start();
    return HttpResponse.#made(glue.http_response_of(0), envelope);
  }

  /** The response of a server that could not take a request. */
  static fromError(error: TipwireError): HttpResponse {
    const kind = kindOf(error.kind);
    // 0 is of no error.
    if (kind === 0) throw refuse("type");
    return HttpResponse.#made(glue.http_response_of(kind));
  }

  /** The answer that the response to a request of this method says, with the counter that it had. */
  toAck(method: "PUSH" | "PULL" | "PING", seq?: number): string {
    start();
    return made(glue.http_ack(this.status, this.command, this.body, asText(method), seq === undefined ? undefined : asWord(seq)));
  }
}

/** What a topic is for. */
export type Channel = "push" | "pull" | "ack";

/** A message: what is published where. */
export class MqttMessage {
  readonly topic: string;
  readonly payload: Uint8Array;

  constructor({ topic, payload }: { topic: string; payload: string | Uint8Array }) {
    this.topic = asText(topic);
    this.payload = bytesOf(payload);
  }

  static #made(result: number): MqttMessage {
    const [topic, payload] = parts(result, 2);
    return new MqttMessage({ topic: topic!, payload: payload! });
  }

  /** The message that says what a frame says; a PING has none. */
  static fromFrame(frame: string | Uint8Array): MqttMessage {
    start();
    return MqttMessage.#made(glue.mqtt_message(bytesOf(frame)));
  }

  /** The message that says to a device what an answer says. */
  static fromAck(ack: string | Uint8Array, serial: string): MqttMessage {
    start();
    return MqttMessage.#made(glue.mqtt_answer(bytesOf(ack), asText(serial)));
  }

  /** The message that carries an envelope from or to a device. */
  static fromEnvelope(envelope: Uint8Array, serial: string, channel: Channel): MqttMessage {
    return new MqttMessage({ topic: topic(serial, channel, { sealed: true }), payload: envelope });
  }

  /** The envelope, where the message carries one. */
  get envelope(): Uint8Array | undefined {
    start();
    return glue.mqtt_has_envelope(this.topic) ? this.payload : undefined;
  }

  /** The frame that a device means by the message; `auth` is the hash it logged in with. */
  toFrame(auth: string): string {
    start();
    return made(glue.mqtt_frame(this.topic, this.payload, asText(auth)));
  }

  /** The answer that a server means by the message. */
  toAck(): string {
    start();
    return made(glue.mqtt_ack(this.topic, this.payload));
  }
}

/** A topic of a device: for plain frames, or for envelopes. */
export function topic(serial: string, channel: Channel, { sealed = false }: { sealed?: boolean | undefined } = {}): string {
  start();
  return made(glue.mqtt_topic(asText(serial), asText(channel), Boolean(sealed)));
}

/** User and password that a device connects with: the halves of its hash. */
export function login(hash: string): { user: string; password: string } {
  start();
  const [user, password] = parts(glue.mqtt_login(0, asText(hash), ""), 2);
  return { user: user!, password: password! };
}

/** The hash that a user and a password are the halves of. */
export function joinLogin(user: string, password: string): string {
  start();
  return parts(glue.mqtt_login(1, asText(user), asText(password)), 1)[0]!;
}

/** The first parts of the side text, whose lengths the words say. */
function parts(result: number, count: number): string[] {
  if (result === 0) throw unreadable(0);
  start();
  let from = glue.side();
  const texts: string[] = [];
  for (let n = 0; n < count; n++) {
    texts.push(decode(at(from, words[n]!)));
    from += words[n]!;
  }
  return texts;
}

function made(length: number): string {
  if (length === 0) throw unbuilt();
  return outputText(length);
}
