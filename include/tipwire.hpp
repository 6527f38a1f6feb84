/* tipwire.hpp: tipwire.h for C++11 and later. Header only, no exceptions, no STL.
 *
 * It names what is there, and lets frames be built in chains and walked by range-for. What stands in
 * tipwire.h holds here too: the functions here are those there, called on objects that have their
 * memory inside, and that are not copied. What can fail has ok(), or gives something that is false.
 *
 *     char buffer[128];
 *     tipwire::Push frame(buffer, AUTH, SERIAL);
 *     frame.number("temperature", t, 1).unit("C");
 *     client.write(frame.line());
 *
 *     tipwire::Ack ack(line, length);
 *     for (auto &v : ack.variables()) { use(v.name, v.value); }
 */
#ifndef TIPWIRE_HPP
#define TIPWIRE_HPP

#include "tipwire.h"

/* Whether a text that was read is this one. */
inline bool operator==(const tipwire_text &text, const char *other) {
  return tipwire_equals(text, other);
}

namespace tipwire {

/* Text as the functions of C take it, for as long as a call lasts. What is written and asked for below
 * is given as anything that this is there for: Tipwire.h has it for String and F() of Arduino. */
inline const char *chars(const char *text) { return text; }

/* Bytes that were written, without a NUL. None on failure, and status says why. */
struct Bytes {
  const char *data;
  size_t size;
  int32_t status;

  Bytes(const void *start, int32_t length)
      : data(static_cast<const char *>(start)), size(length > 0 ? static_cast<size_t>(length) : 0),
        status(length < 0 ? length : 0) {}
  explicit operator bool() const { return size > 0; }
};

/* What is in the caller's memory, and stays there. */
class Unmoved {
public:
  Unmoved(const Unmoved &) = delete;
  Unmoved &operator=(const Unmoved &) = delete;

protected:
  Unmoved() {}
};

/* What a range-for needs of an iterator of C. */
template <typename Source, typename Item, int32_t (*Next)(Source *, Item *)> class Range {
public:
  class Iterator {
  public:
    explicit Iterator(const Source *source) : source_(), item_(), left_(false) {
      if (source) {
        source_ = *source;
        ++*this;
      }
    }
    const Item &operator*() const { return item_; }
    const Item *operator->() const { return &item_; }
    Iterator &operator++() {
      left_ = Next(&source_, &item_) > 0;
      return *this;
    }
    bool operator!=(const Iterator &other) const { return left_ != other.left_; }

  private:
    Source source_;
    Item item_;
    bool left_;
  };

  /* Nothing at all unless it is said to be something. */
  explicit Range(const Source &source, bool is_any = true) : source_(source), is_any_(is_any) {}
  Iterator begin() const { return Iterator(is_any_ ? &source_ : nullptr); }
  Iterator end() const { return Iterator(nullptr); }

private:
  Source source_;
  bool is_any_;
};

typedef Range<tipwire_variables, tipwire_variable, tipwire_next> Variables;
typedef Range<tipwire_points, tipwire_variable, tipwire_next_point> Points;
typedef Range<tipwire_names, tipwire_text, tipwire_next_name> Names;
typedef Range<tipwire_pairs, tipwire_pair, tipwire_next_pair> Pairs;

/* The metadata of a variable. */
inline Pairs pairs(const tipwire_metadata &metadata) {
  tipwire_pairs pairs;
  tipwire_pairs_of(&metadata, &pairs);
  return Pairs(pairs);
}

/* The nearest double of a number. */
inline double to_double(const tipwire_text &text, double otherwise = 0) {
  tipwire_to_double(text, &otherwise);
  return otherwise;
}

/* A number as an integer, if it is one. */
inline int64_t to_integer(const tipwire_text &text, int64_t otherwise = 0) {
  tipwire_to_integer(text, &otherwise);
  return otherwise;
}

/* Reading ---------------------------------------------------------------------------------------- */

/* What a frame says. */
inline Variables variables(const tipwire_frame &frame) {
  tipwire_variables variables = tipwire_variables();
  bool ok = tipwire_variables_of(&frame, &variables) == 0;
  return Variables(variables, ok);
}
inline Points points(const tipwire_frame &frame) {
  tipwire_points points = tipwire_points();
  bool ok = tipwire_points_of(&frame, &points) == 0;
  return Points(points, ok);
}
inline Names names(const tipwire_frame &frame) {
  tipwire_names names = tipwire_names();
  bool ok = tipwire_names_of(&frame, &names) == 0;
  return Names(names, ok);
}

/* An uplink that was read; ok() says whether it could be. Its members are those of tipwire_frame. */
class Frame : public tipwire_frame {
public:
  Frame(const void *line, size_t length) : tipwire_frame(), error_() {
    status_ = tipwire_parse(line, length, this, &error_);
  }
  /* What is inside an envelope: TIPWIRE_PUSH, TIPWIRE_PULL or TIPWIRE_PING. */
  Frame(uint8_t as, const tipwire_text &text) : tipwire_frame(), error_() {
    status_ = tipwire_parse_inner(as, text.data, text.length, this, &error_);
  }
  bool ok() const { return status_ == 0; }
  const tipwire_error &error() const { return error_; }
  Variables variables() const {
    return ok() ? tipwire::variables(*this) : Variables(tipwire_variables(), false);
  }
  Points points() const { return ok() ? tipwire::points(*this) : Points(tipwire_points(), false); }
  Names names() const { return ok() ? tipwire::names(*this) : Names(tipwire_names(), false); }
  /* What holds for all variables. */
  Pairs metadata() const {
    tipwire_metadata metadata = tipwire_metadata();
    if (ok()) {
      tipwire_metadata_of(this, &metadata);
    }
    return ok() ? pairs(metadata) : Pairs(tipwire_pairs(), false);
  }

private:
  int32_t status_;
  tipwire_error error_;
};

/* The variables of an answer. */
inline Variables variables(const tipwire_ack &ack) {
  tipwire_variables variables = tipwire_variables();
  bool ok = tipwire_ack_variables_of(&ack, &variables) == 0;
  return Variables(variables, ok);
}

/* An answer that was read; ok() says whether it could be. Its members are those of tipwire_ack. */
class Ack : public tipwire_ack {
public:
  Ack(const void *line, size_t length) : tipwire_ack(), error_() {
    status_ = tipwire_parse_ack(line, length, this, &error_);
  }
  /* What is inside an envelope. */
  explicit Ack(const tipwire_text &answer) : tipwire_ack(), error_() {
    status_ = tipwire_parse_inner_ack(answer.data, answer.length, this, &error_);
  }
  bool ok() const { return status_ == 0; }
  const tipwire_error &error() const { return error_; }
  Variables variables() const {
    return ok() ? tipwire::variables(*this) : Variables(tipwire_variables(), false);
  }

private:
  int32_t status_;
  tipwire_error error_;
};

/* What the bytes of a message are, with room for N spans. */
template <size_t N> class Spans {
public:
  /* Of a text frame. */
  Spans(const void *line, size_t length) : error_() {
    count_ = tipwire_spans(line, length, spans_, N, &error_);
  }
  /* Of what is inside an envelope: TIPWIRE_PUSH, TIPWIRE_PULL, TIPWIRE_PING or TIPWIRE_ACK. */
  Spans(uint8_t method, const tipwire_text &inside) : error_() {
    count_ = tipwire_spans_inner(method, inside.data, inside.length, spans_, N, &error_);
  }
  const tipwire_span *begin() const { return spans_; }
  const tipwire_span *end() const { return spans_ + size(); }
  size_t size() const { return count_ < 0 ? 0 : is_whole() ? static_cast<size_t>(count_) : N; }
  /* Whether there was room for all of them. */
  bool is_whole() const { return count_ >= 0 && static_cast<size_t>(count_) <= N; }
  /* What is wrong with the message, if its status is not 0. */
  const tipwire_error &error() const { return error_; }

private:
  tipwire_span spans_[N];
  int32_t count_;
  tipwire_error error_;
};

/* Writing ---------------------------------------------------------------------------------------- */

/* What can be said in a PUSH, and in an answer that has variables. Self is what the chain goes on
 * with. */
template <typename Self> class PushChain {
public:
  template <typename Name> Self &number(const Name &name, double value, uint8_t decimals) {
    return go_on(tipwire_number(w(), chars(name), value, decimals));
  }
  template <typename Name> Self &number(const Name &name, double value) {
    return go_on(tipwire_double(w(), chars(name), value));
  }
  template <typename Name> Self &integer(const Name &name, int64_t value) {
    return go_on(tipwire_integer(w(), chars(name), value));
  }
  template <typename Name> Self &digits(const Name &name, const char *digits) {
    return go_on(tipwire_digits(w(), chars(name), digits));
  }
  template <typename Name, typename Text> Self &string(const Name &name, const Text &value) {
    return go_on(tipwire_string(w(), chars(name), chars(value)));
  }
  template <typename Name> Self &string(const Name &name, const char *value, size_t length) {
    return go_on(tipwire_string_n(w(), chars(name), value, length));
  }
  template <typename Name> Self &boolean(const Name &name, bool value) {
    return go_on(tipwire_boolean(w(), chars(name), value));
  }
  template <typename Name>
  Self &position(const Name &name, double lat, double lng, uint8_t decimals = 6) {
    return go_on(tipwire_position(w(), chars(name), lat, lng, decimals));
  }
  Self &put(const tipwire_variable &variable) { return go_on(tipwire_put(w(), &variable)); }

  template <typename Text> Self &unit(const Text &unit) {
    return go_on(tipwire_unit(w(), chars(unit)));
  }
  Self &location(double lat, double lng, uint8_t decimals = 6) {
    return go_on(tipwire_location(w(), lat, lng, decimals));
  }
  Self &time(uint64_t time) { return go_on(tipwire_time(w(), time)); }
  template <typename Text> Self &group(const Text &group) {
    return go_on(tipwire_group(w(), chars(group)));
  }
  template <typename Name, typename Text> Self &metadata(const Name &key, const Text &text) {
    return go_on(tipwire_pair_put(w(), chars(key), chars(text)));
  }

  Self &raw(uint8_t encoding, const void *data, size_t length) {
    return go_on(tipwire_raw(w(), encoding, data, length));
  }
  Self &json(const char *json, size_t length) { return go_on(tipwire_put_json(w(), json, length)); }
  /* What ThingsPanel and ThingsBoard have for values. */
  Self &values(const tipwire_text &json) {
    return go_on(tipwire_put_values(w(), json.data, json.length));
  }
  Self &uplink(const tipwire_uplink &uplink) { return go_on(tipwire_put_uplink(w(), &uplink)); }

private:
  tipwire_writer *w() { return static_cast<Self *>(this)->writer(); }
  Self &go_on(int32_t) { return *static_cast<Self *>(this); }
};

/* What can be said in a PULL. */
template <typename Self> class PullChain {
public:
  template <typename Name> Self &name(const Name &name) {
    Self *self = static_cast<Self *>(this);
    tipwire_name(self->writer(), chars(name));
    return *self;
  }
};

/* What can be said in an answer: one of these, and after variables() what can be said in a PUSH. */
template <typename Self> class ReplyChain : public PushChain<Self> {
public:
  Self &ok() { return go_on(tipwire_answer(w(), TIPWIRE_OK)); }
  Self &pong() { return go_on(tipwire_answer(w(), TIPWIRE_PONG)); }
  Self &count(uint64_t count) { return go_on(tipwire_answer_count(w(), count)); }
  template <typename Text> Self &command(const Text &command) {
    return go_on(tipwire_answer_text(w(), TIPWIRE_CMD, chars(command)));
  }
  template <typename Text> Self &error_code(const Text &code) {
    return go_on(tipwire_answer_text(w(), TIPWIRE_ERR, chars(code)));
  }
  /* The code of what is wrong: of the status of a Frame's error(). */
  Self &error_of(int32_t status) { return go_on(tipwire_answer_error(w(), status)); }
  Self &variables() { return go_on(tipwire_answer_list(w())); }

private:
  tipwire_writer *w() { return static_cast<Self *>(this)->writer(); }
  Self &go_on(int32_t) { return *static_cast<Self *>(this); }
};

/* A frame being written into a buffer, or an array. */
template <typename Self> class Written : Unmoved {
public:
  Self &seq(uint32_t seq) {
    tipwire_seq(&writer_, seq);
    return *static_cast<Self *>(this);
  }
  /* Ends the frame, with a line feed; once. Empty if anything went wrong: see error(). */
  Bytes line() { return Bytes(buffer_, tipwire_finish_line(&writer_)); }
  Bytes frame() { return Bytes(buffer_, tipwire_finish(&writer_)); }
  tipwire_error error() {
    tipwire_error error = tipwire_error();
    tipwire_writer_error(&writer_, &error);
    return error;
  }
  tipwire_writer *writer() { return &writer_; }

protected:
  explicit Written(char *buffer) : buffer_(buffer) {}
  tipwire_writer writer_;

private:
  char *buffer_;
};

class Push : public Written<Push>, public PushChain<Push> {
public:
  template <size_t N, typename Auth, typename Name>
  Push(char (&buffer)[N], const Auth &auth, const Name &serial) : Push(buffer, N, auth, serial) {}
  template <typename Auth, typename Name>
  Push(char *buffer, size_t size, const Auth &auth, const Name &serial) : Written(buffer) {
    tipwire_push_begin(&writer_, buffer, size, chars(auth), chars(serial));
  }
};

class Pull : public Written<Pull>, public PullChain<Pull> {
public:
  template <size_t N, typename Auth, typename Name>
  Pull(char (&buffer)[N], const Auth &auth, const Name &serial) : Pull(buffer, N, auth, serial) {}
  template <typename Auth, typename Name>
  Pull(char *buffer, size_t size, const Auth &auth, const Name &serial) : Written(buffer) {
    tipwire_pull_begin(&writer_, buffer, size, chars(auth), chars(serial));
  }
};

class Ping : public Written<Ping> {
public:
  template <size_t N, typename Auth, typename Name>
  Ping(char (&buffer)[N], const Auth &auth, const Name &serial) : Ping(buffer, N, auth, serial) {}
  template <typename Auth, typename Name>
  Ping(char *buffer, size_t size, const Auth &auth, const Name &serial) : Written(buffer) {
    tipwire_ping_begin(&writer_, buffer, size, chars(auth), chars(serial));
  }
};

class Reply : public Written<Reply>, public ReplyChain<Reply> {
public:
  template <size_t N> explicit Reply(char (&buffer)[N]) : Reply(buffer, N) {}
  Reply(char *buffer, size_t size) : Written(buffer) {
    tipwire_reply_begin(&writer_, buffer, size);
  }
};

/* What a session or a sealer lets a function write: [&](tipwire::PushWriter &push) { ... } */
class PushWriter : public PushChain<PushWriter>, Unmoved {
public:
  explicit PushWriter(tipwire_writer *writer) : writer_(writer) {}
  tipwire_writer *writer() { return writer_; }

private:
  tipwire_writer *writer_;
};

class PullWriter : public PullChain<PullWriter>, Unmoved {
public:
  explicit PullWriter(tipwire_writer *writer) : writer_(writer) {}
  tipwire_writer *writer() { return writer_; }

private:
  tipwire_writer *writer_;
};

class ReplyWriter : public ReplyChain<ReplyWriter>, Unmoved {
public:
  explicit ReplyWriter(tipwire_writer *writer) : writer_(writer) {}
  tipwire_writer *writer() { return writer_; }

private:
  tipwire_writer *writer_;
};

/* A function of C that calls one of C++, its context. */
template <typename Writer, typename Write> void call(tipwire_writer *w, void *context) {
  Writer writer(w);
  (*static_cast<Write *>(context))(writer);
}

/* Envelopes -------------------------------------------------------------------------------------- */

/* A token; wiped at its end. */
class Token : Unmoved {
public:
  template <typename Text> explicit Token(const Text &text) {
    status_ = tipwire_token_init(&token_, chars(text), nullptr);
  }
  ~Token() {
    if (ok()) {
      tipwire_token_wipe(&token_);
    }
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }
  /* The authorization that frames carry; empty if the token is none. */
  tipwire_hash hash() const {
    tipwire_hash hash = tipwire_hash();
    tipwire_token_hash(&token_, &hash);
    return hash;
  }
  bool derive_key(const char *serial, void *key, size_t length) const {
    return tipwire_derive_key(&token_, serial, key, length) == 0;
  }
  const tipwire_token *get() const { return &token_; }

private:
  tipwire_token token_ = tipwire_token();
  int32_t status_;
};

/* What was in an envelope. Where ok(), Frame(header.method, text) or Ack(text) reads it. */
struct Opened {
  int32_t status;
  tipwire_header header;
  tipwire_text text;
  bool ok() const { return status == 0; }
};

/* AES-128-CCM has functions of its own. Where it stands in the code, and not in a variable, nothing else
 * is called, so that other ciphers are not linked; which takes inlining. */
#if defined(__GNUC__)
#define TIPWIRE_INLINE inline __attribute__((always_inline))
#else
#define TIPWIRE_INLINE inline
#endif

/* What opens envelopes; wiped at its end. What is made without a key gets it from begin(). */
class Opener : Unmoved {
public:
  Opener() : status_(TIPWIRE_E_UNINITIALIZED) {}
  TIPWIRE_INLINE Opener(uint8_t cipher, const void *key, size_t length, const char *serial)
      : Opener() {
    begin(cipher, key, length, serial);
  }
  ~Opener() { wipe(); }
  /* Of one device, or where serial is nullptr of any. */
  TIPWIRE_INLINE bool begin(uint8_t cipher, const void *key, size_t length, const char *serial) {
    wipe();
    status_ = cipher == TIPWIRE_AES_128_CCM
                  ? tipwire_opener_init_ccm(&opener_, key, length, serial)
                  : tipwire_opener_init(&opener_, cipher, key, length, serial);
    return ok();
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }
  Opened open(void *envelope, size_t length, uint8_t layout = TIPWIRE_LAYOUT_CURRENT) const {
    Opened opened = Opened();
    opened.status =
        tipwire_open(&opener_, layout, envelope, length, &opened.header, &opened.text);
    return opened;
  }
  const tipwire_opener *get() const { return &opener_; }

private:
  void wipe() {
    if (ok()) {
      tipwire_opener_wipe(&opener_);
    }
  }

  tipwire_opener opener_ = tipwire_opener();
  int32_t status_;
};

/* What seals envelopes, and opens those to the same device; wiped at its end. What is made without a
 * key gets it from begin(). */
class Sealer : Unmoved {
public:
  Sealer() : layout_(TIPWIRE_LAYOUT_CURRENT), status_(TIPWIRE_E_UNINITIALIZED) {}
  TIPWIRE_INLINE Sealer(uint8_t cipher, const void *key, size_t length, const Token &token,
                        const char *serial, uint64_t next,
                        uint8_t layout = TIPWIRE_LAYOUT_CURRENT)
      : Sealer() {
    begin(cipher, key, length, token, serial, next, layout);
  }
  ~Sealer() { wipe(); }
  /* With the key that is derived from the token. */
  TIPWIRE_INLINE bool begin(uint8_t cipher, const Token &token, const char *serial, uint64_t next,
                            uint8_t layout = TIPWIRE_LAYOUT_CURRENT) {
    unsigned char key[32];
    int32_t length = tipwire_key_length(cipher);
    length = length > 0 && token.derive_key(serial, key, length) ? length : 0;
    begin(cipher, key, length, token, serial, next, layout);
    for (volatile unsigned char *byte = key; byte < key + sizeof key; byte++) {
      *byte = 0;
    }
    return ok();
  }
  TIPWIRE_INLINE bool begin(uint8_t cipher, const void *key, size_t length, const Token &token,
                            const char *serial, uint64_t next,
                            uint8_t layout = TIPWIRE_LAYOUT_CURRENT) {
    wipe();
    layout_ = layout;
    status_ = cipher == TIPWIRE_AES_128_CCM
                  ? tipwire_sealer_init_ccm(&sealer_, layout, key, length, token.get(), serial, next)
                  : tipwire_sealer_init(&sealer_, layout, cipher, key, length, token.get(), serial,
                                        next);
    return ok();
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }
  uint64_t next() const { return tipwire_sealer_next(&sealer_); }
  uint64_t reserve(uint32_t count) { return tipwire_sealer_reserve(&sealer_, count); }

  /* Seals what a function writes: [&](tipwire::PushWriter &push) { push.number("t", t, 1); } */
  template <typename Write> Bytes push(void *out, size_t capacity, Write write) {
    return seal<PushWriter>(TIPWIRE_PUSH, out, capacity, write);
  }
  template <typename Write> Bytes pull(void *out, size_t capacity, Write write) {
    return seal<PullWriter>(TIPWIRE_PULL, out, capacity, write);
  }
  template <typename Write> Bytes reply(void *out, size_t capacity, Write write) {
    return seal<ReplyWriter>(TIPWIRE_ACK, out, capacity, write);
  }
  Bytes ping(void *out, size_t capacity) {
    return seal<PushWriter>(TIPWIRE_PING, out, capacity, [](PushWriter &) {});
  }
  Opened open(void *envelope, size_t length) const {
    Opened opened = Opened();
    opened.status =
        tipwire_sealer_open(&sealer_, layout_, envelope, length, &opened.header, &opened.text);
    return opened;
  }
  tipwire_sealer *get() { return &sealer_; }

private:
  template <typename Writer, typename Write>
  Bytes seal(uint8_t method, void *out, size_t capacity, Write write) {
    tipwire_writer w;
    tipwire_sealed_begin(&w, &sealer_, method, out, capacity);
    Writer writer(&w);
    write(writer);
    return Bytes(out, tipwire_finish_sealed(&w, &sealer_));
  }
  void wipe() {
    if (ok()) {
      tipwire_sealer_wipe(&sealer_);
    }
  }

  tipwire_sealer sealer_ = tipwire_sealer();
  uint8_t layout_;
  int32_t status_;
};

/* Streams ---------------------------------------------------------------------------------------- */

/* A range-for over what something gives one after the other as long as it is asked. */
template <typename Source, typename Item> class Stream {
public:
  class Iterator {
  public:
    explicit Iterator(Source *source) : source_(source), item_() { ++*this; }
    const Item &operator*() const { return item_; }
    const Item *operator->() const { return &item_; }
    Iterator &operator++() {
      if (source_ && !source_->next(item_)) {
        source_ = nullptr;
      }
      return *this;
    }
    bool operator!=(const Iterator &other) const { return source_ != other.source_; }

  private:
    Source *source_;
    Item item_;
  };

  Iterator begin() { return Iterator(static_cast<Source *>(this)); }
  Iterator end() { return Iterator(nullptr); }
};

/* A message of a stream, or what is no message: then status says why. */
struct Message {
  int32_t status;
  tipwire_text text;
  bool ok() const { return status >= 0; }
};

/* What cuts a stream into messages, over a buffer of tipwire_splitter_capacity() bytes. What is made
 * without a rule gets it from begin(). */
class Splitter : Unmoved {
public:
  Splitter() : status_(TIPWIRE_E_UNINITIALIZED) {}
  Splitter(const char *rule, void *buffer, size_t size,
           const tipwire_splitter_settings *settings = nullptr) {
    begin(rule, buffer, size, settings);
  }
  bool begin(const char *rule, void *buffer, size_t size,
             const tipwire_splitter_settings *settings = nullptr) {
    status_ = tipwire_splitter_init(&splitter_, rule, settings, buffer, size);
    return ok();
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }

  class Messages : public Stream<Messages, Message> {
  public:
    Messages(tipwire_splitter *splitter, const tipwire_text &rest)
        : splitter_(splitter), rest_(rest) {}
    bool next(Message &message) {
      message.text = tipwire_text();
      message.status = tipwire_split(splitter_, &rest_, &message.text);
      return splitter_ && message.status != 0;
    }

  private:
    tipwire_splitter *splitter_;
    tipwire_text rest_;
  };

  /* for (auto &message : splitter.split(data, length)) { if (message.ok()) use(message.text); }
   * Each message is good until the next one. */
  Messages split(const void *data, size_t length) {
    tipwire_text rest = {static_cast<const char *>(data), length};
    return Messages(ok() ? &splitter_ : nullptr, rest);
  }
  int32_t pending() const { return tipwire_splitter_pending(&splitter_); }
  void reset() { tipwire_splitter_reset(&splitter_); }

private:
  tipwire_splitter splitter_ = tipwire_splitter();
  int32_t status_;
};

/* Sessions --------------------------------------------------------------------------------------- */

/* Settings that begin as the defaults. */
struct ClientSettings : tipwire_client_settings {
  ClientSettings() : tipwire_client_settings() { tipwire_client_defaults(this); }
};

/* What became of a request: it is queued, or status says why not. */
struct Queued : tipwire_queued {
  int32_t status;
  explicit operator bool() const { return status == 0; }
};

/* A device that asks a server, in memory of the caller: StaticClient has it inside. What is made
 * without credentials gets them from begin(). */
class Client : Unmoved {
public:
  Client() : status_(TIPWIRE_E_UNINITIALIZED) {}
  Client(const char *auth, const char *serial, void *queue, size_t queue_size, void *input,
         size_t input_size, const tipwire_client_settings &settings = ClientSettings()) {
    begin(auth, serial, queue, queue_size, input, input_size, settings);
  }
  /* Requests are sealed; the sealer must last as long as the client. */
  Client(Sealer &sealer, void *queue, size_t queue_size, void *input, size_t input_size,
         const tipwire_client_settings &settings = ClientSettings()) {
    begin(sealer, queue, queue_size, input, input_size, settings);
  }
  bool begin(const char *auth, const char *serial, void *queue, size_t queue_size, void *input,
             size_t input_size, const tipwire_client_settings &settings = ClientSettings()) {
    status_ = tipwire_client_init(&client_, &settings, auth, serial, queue, queue_size, input,
                                  input_size);
    return ok();
  }
  bool begin(Sealer &sealer, void *queue, size_t queue_size, void *input, size_t input_size,
             const tipwire_client_settings &settings = ClientSettings()) {
    status_ = tipwire_client_init_sealed(&client_, &settings, sealer.get(), queue, queue_size,
                                         input, input_size);
    return ok();
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }

  /* Queues a request, which a function writes: [&](tipwire::PushWriter &push) { ... }. It may be
   * called again, with more room. */
  template <typename Write> Queued push(uint64_t now, Write write) {
    Queued queued = Queued();
    queued.status = tipwire_client_push(get(), now, call<PushWriter, Write>, &write, &queued, nullptr);
    return queued;
  }
  template <typename Write> Queued pull(uint64_t now, Write write) {
    Queued queued = Queued();
    queued.status = tipwire_client_pull(get(), now, call<PullWriter, Write>, &write, &queued, nullptr);
    return queued;
  }
  Queued ping(uint64_t now) {
    Queued queued = Queued();
    queued.status = tipwire_client_ping(get(), now, &queued, nullptr);
    return queued;
  }
  /* Queues a text frame that was written elsewhere. */
  Queued send(const Bytes &frame, uint64_t now) {
    Queued queued = Queued();
    queued.status = frame.status;
    if (queued.status == 0) {
      queued.status = tipwire_client_send(get(), frame.data, frame.size, now, &queued, nullptr);
    }
    return queued;
  }

  class Events : public Stream<Events, tipwire_client_event> {
  public:
    Events(tipwire_client *client, const tipwire_text &received, uint64_t now)
        : client_(client), received_(received), now_(now) {}
    bool next(tipwire_client_event &event) {
      return tipwire_client_next(client_, &received_, now_, &event) > 0;
    }

  private:
    tipwire_client *client_;
    tipwire_text received_;
    uint64_t now_;
  };

  /* for (auto &event : client.events(data, length, now)) { switch (event.type) { ... } } */
  Events events(const void *received, size_t length, uint64_t now) {
    tipwire_text text = {static_cast<const char *>(received), length};
    return Events(get(), text, now);
  }
  Events events(uint64_t now) { return events(nullptr, 0, now); }

  tipwire_text output() const { return tipwire_client_output(ok() ? &client_ : nullptr); }
  void sent(size_t count, uint64_t now) { tipwire_client_sent(get(), count, now); }
  void connected(uint64_t now) { tipwire_client_connected(get(), now); }
  void disconnected(uint64_t now) { tipwire_client_disconnected(get(), now); }
  void close() { tipwire_client_close(get()); }
  void open(uint64_t now) { tipwire_client_open(get(), now); }
  uint64_t deadline() const { return tipwire_client_deadline(ok() ? &client_ : nullptr); }
  void timeout(uint64_t now) { tipwire_client_timeout(get(), now); }
  uint64_t next_number() const { return tipwire_client_next_number(ok() ? &client_ : nullptr); }
  uint64_t reserve(uint32_t count) { return tipwire_client_reserve(get(), count); }
  bool is_idle() const { return tipwire_client_is_idle(ok() ? &client_ : nullptr); }
  bool is_connected() const { return tipwire_client_is_connected(ok() ? &client_ : nullptr); }
  tipwire_client *get() { return ok() ? &client_ : nullptr; }

private:
  tipwire_client client_ = tipwire_client();
  int32_t status_;
};

/* The same with its memory inside: so many bytes for requests that have no answer, and for an answer
 * of which only a part has come. */
template <size_t QUEUE, size_t INPUT_SIZE> class StaticClient : public Client {
public:
  StaticClient() {}
  StaticClient(const char *auth, const char *serial,
               const tipwire_client_settings &settings = ClientSettings())
      : Client(auth, serial, queue_, QUEUE, input_, INPUT_SIZE, settings) {}
  explicit StaticClient(Sealer &sealer, const tipwire_client_settings &settings = ClientSettings())
      : Client(sealer, queue_, QUEUE, input_, INPUT_SIZE, settings) {}
  bool begin(const char *auth, const char *serial,
             const tipwire_client_settings &settings = ClientSettings()) {
    return Client::begin(auth, serial, queue_, QUEUE, input_, INPUT_SIZE, settings);
  }
  bool begin(Sealer &sealer, const tipwire_client_settings &settings = ClientSettings()) {
    return Client::begin(sealer, queue_, QUEUE, input_, INPUT_SIZE, settings);
  }

private:
  char queue_[QUEUE];
  char input_[INPUT_SIZE];
};

/* Settings that begin as the defaults. */
struct ServerSettings : tipwire_server_settings {
  ServerSettings() : tipwire_server_settings() { tipwire_server_defaults(this); }
};

/* One connection, seen from the server, in memory of the caller: StaticServer has it inside. What it
 * has to know of devices is a table of functions, which must last as long; nullptr for none. */
class Server : Unmoved {
public:
  Server(void *input, size_t input_size, void *output, size_t output_size, uint64_t now,
         const tipwire_devices *devices = nullptr,
         const tipwire_server_settings &settings = ServerSettings())
      : devices_(devices) {
    status_ = tipwire_server_init(&server_, &settings, input, input_size, output, output_size, now);
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }

  class Events : public Stream<Events, tipwire_server_event> {
  public:
    Events(Server *server, const tipwire_text &received, uint64_t now)
        : server_(server), received_(received), now_(now) {}
    bool next(tipwire_server_event &event) {
      return tipwire_server_next(server_->get(), &received_, now_, server_->devices_, &event) > 0;
    }
    /* What is left: bytes to be given again when answers are given, or bytes sent. */
    const tipwire_text &rest() const { return received_; }

  private:
    Server *server_;
    tipwire_text received_;
    uint64_t now_;
  };

  /* for (auto &event : server.events(data, length, now)) { switch (event.type) { ... } } */
  Events events(const void *received, size_t length, uint64_t now) {
    tipwire_text text = {static_cast<const char *>(received), length};
    return Events(this, text, now);
  }
  Events events(uint64_t now) { return events(nullptr, 0, now); }

  /* Answers a request, as a function writes it: [&](tipwire::ReplyWriter &reply) { reply.ok(); } It
   * may be called again, with more room. What it returns is a status. */
  template <typename Write> int32_t answer(uint64_t ticket, Write write) {
    return tipwire_server_answer(get(), ticket, devices_, call<ReplyWriter, Write>, &write, nullptr);
  }
  int32_t answer_with(uint64_t ticket, const Bytes &answer) {
    return answer.status != 0 ? answer.status
                              : tipwire_server_answer_with(get(), ticket, devices_, answer.data,
                                                           answer.size, nullptr);
  }
  int32_t refuse(uint64_t ticket, const char *code) {
    return tipwire_server_refuse(get(), ticket, devices_, code);
  }
  int32_t command(const char *command) { return tipwire_server_command(get(), devices_, command); }

  tipwire_text output() const { return tipwire_server_output(ok() ? &server_ : nullptr); }
  void sent(size_t count) { tipwire_server_sent(get(), count); }
  uint64_t deadline() const { return tipwire_server_deadline(ok() ? &server_ : nullptr); }
  void timeout(uint64_t now) { tipwire_server_timeout(get(), now); }
  int32_t close(const char *code) { return tipwire_server_close(get(), code); }
  int32_t unanswered() const { return tipwire_server_unanswered(ok() ? &server_ : nullptr); }
  bool is_closed() const { return !ok() || tipwire_server_is_closed(&server_); }
  uint8_t mode() const { return tipwire_server_mode(ok() ? &server_ : nullptr); }
  tipwire_server *get() { return ok() ? &server_ : nullptr; }

private:
  tipwire_server server_ = tipwire_server();
  const tipwire_devices *devices_;
  int32_t status_;
};

/* The same with its memory inside: so many bytes for a request of which only a part has come, and for
 * answers that are not sent. */
template <size_t INPUT_SIZE, size_t OUTPUT_SIZE> class StaticServer : public Server {
public:
  explicit StaticServer(uint64_t now, const tipwire_devices *devices = nullptr,
                        const tipwire_server_settings &settings = ServerSettings())
      : Server(input_, INPUT_SIZE, output_, OUTPUT_SIZE, now, devices, settings) {}

private:
  char input_[INPUT_SIZE];
  char output_[OUTPUT_SIZE];
};

/* Platforms -------------------------------------------------------------------------------------- */

/* A packet of ThingsPanel that was read; ok() says whether it could be. Its members are those of
 * tipwire_packet. */
class Packet : public tipwire_packet {
public:
  Packet(const void *bytes, size_t length) : tipwire_packet() {
    status_ = tipwire_parse_packet(bytes, length, this, nullptr);
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }

  /* Writes a packet with a payload: Packet::write(out, size, TIPWIRE_PACKET_AUTH, token, length). */
  static Bytes write(void *out, size_t capacity, uint8_t command, const void *payload, size_t length) {
    tipwire_packet packet = {TIPWIRE_PACKET_DATA, command, {static_cast<const char *>(payload), length}};
    return Bytes(out, tipwire_write_packet(&packet, out, capacity));
  }
  static Bytes heartbeat(void *out, size_t capacity) {
    tipwire_packet packet = {TIPWIRE_PACKET_HEARTBEAT, TIPWIRE_PACKET_AUTH, {nullptr, 0}};
    return Bytes(out, tipwire_write_packet(&packet, out, capacity));
  }

private:
  int32_t status_;
};

/* A device behind a gateway of ThingsPanel; where not ok(), it has no values. */
struct SubDevice {
  int32_t status;
  tipwire_text address;
  tipwire_text values;
  bool ok() const { return status > 0; }
};

/* for (auto &device : tipwire::SubDevices(json, length)) { push.values(device.values); } */
class SubDevices : public Stream<SubDevices, SubDevice> {
public:
  SubDevices(const char *json, size_t length) {
    status_ = tipwire_sub_devices_of(json, length, &devices_);
  }
  bool ok() const { return status_ == 0; }
  bool next(SubDevice &device) {
    device.status =
        ok() ? tipwire_next_sub_device(&devices_, &device.address, &device.values) : 0;
    return device.status != 0;
  }

private:
  tipwire_sub_devices devices_ = tipwire_sub_devices();
  int32_t status_;
};

/* What makes messages uplink objects of ThingsBoard, with room for so many fields of a binary message.
 * The settings stay its own. */
template <size_t FIELDS = 1> class Converter : Unmoved {
public:
  explicit Converter(const char *name, const char *settings = "", void *texts = nullptr,
                     size_t capacity = 0) {
    status_ = tipwire_converter_init(&converter_, name, settings, fields_, FIELDS, texts, capacity);
  }
  bool ok() const { return status_ == 0; }
  int32_t status() const { return status_; }
  Bytes convert(const void *message, size_t length, void *out, size_t capacity,
                tipwire_convert_error *error = nullptr) const {
    return Bytes(out, tipwire_convert(ok() ? &converter_ : nullptr, message, length, out, capacity, error));
  }

private:
  tipwire_converter converter_ = tipwire_converter();
  tipwire_converter_field fields_[FIELDS];
  int32_t status_;
};

typedef Range<tipwire_uplinks, tipwire_uplink, tipwire_next_uplink> UplinkRange;
typedef Range<tipwire_entries, tipwire_entry, tipwire_next_entry> Entries;

/* Uplink objects that were checked: for (auto &uplink : tipwire::uplinks(json, length)). None where they
 * are wrong: error, which may be nullptr, says why. */
inline UplinkRange uplinks(const char *json, size_t length, tipwire_convert_error *error = nullptr) {
  tipwire_uplinks uplinks = tipwire_uplinks();
  bool ok = tipwire_uplinks_of(json, length, &uplinks, error) == 0;
  return UplinkRange(uplinks, ok);
}
inline Entries telemetry(const tipwire_uplink &uplink) {
  tipwire_entries entries = tipwire_entries();
  bool ok = tipwire_telemetry_of(&uplink, &entries) == 0;
  return Entries(entries, ok);
}
inline Entries attributes(const tipwire_uplink &uplink) {
  tipwire_entries entries = tipwire_entries();
  bool ok = tipwire_attributes_of(&uplink, &entries) == 0;
  return Entries(entries, ok);
}

} // namespace tipwire

#endif /* TIPWIRE_HPP */
