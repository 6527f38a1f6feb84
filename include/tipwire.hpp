/* tipwire.hpp: tipwire.h for C++11 and later. Header only, no exceptions, no STL.
 *
 * It names what is there, and lets frames be built in chains and walked by range-for. Everything else
 * of tipwire.h is used as it is. Objects here are as little copied as those beneath them.
 *
 *     char buffer[128];
 *     tipwire::Push frame(buffer, AUTH, SERIAL);
 *     frame.number("temperature", t, 1).unit("C");
 *     client.write(frame.line());
 *
 *     tipwire::Ack ack(line, length);
 *     for (auto v : ack.variables()) { use(v.name, v.value); }
 */
#ifndef TIPWIRE_HPP
#define TIPWIRE_HPP

#include "tipwire.h"

/* Whether a text that was read is this one. */
inline bool operator==(const tipwire_text &text, const char *other) {
  return tipwire_equals(text, other);
}

namespace tipwire {

/* Bytes that were written, without a NUL. None on failure. */
struct Bytes {
  const char *data;
  size_t size;
  explicit operator bool() const { return size > 0; }
};

/* What a range-for needs of an iterator of C. */
template <typename Source, typename Item, int32_t (*Next)(Source *, Item *)> class Range {
public:
  class Iterator {
  public:
    explicit Iterator(const Source *source) : left_(0) {
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

  explicit Range(const Source &source) : source_(source) {}
  Iterator begin() const { return Iterator(&source_); }
  Iterator end() const { return Iterator(nullptr); }

private:
  Source source_;
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

/* An uplink that was read; ok() says whether it could be. Its members are those of tipwire_frame. */
class Frame : public tipwire_frame {
public:
  Frame(const void *line, size_t length) : tipwire_frame(), error_() {
    status_ = tipwire_parse(line, length, this, &error_);
  }
  bool ok() const { return status_ == 0; }
  const tipwire_error &error() const { return error_; }
  Variables variables() const {
    tipwire_variables variables = tipwire_variables();
    if (ok()) {
      tipwire_variables_of(this, &variables);
    }
    return Variables(variables);
  }
  Points points() const {
    tipwire_points points = tipwire_points();
    if (ok()) {
      tipwire_points_of(this, &points);
    }
    return Points(points);
  }
  Names names() const {
    tipwire_names names = tipwire_names();
    if (ok()) {
      tipwire_names_of(this, &names);
    }
    return Names(names);
  }

private:
  int32_t status_;
  tipwire_error error_;
};

/* An answer that was read; ok() says whether it could be. Its members are those of tipwire_ack. */
class Ack : public tipwire_ack {
public:
  Ack(const void *line, size_t length) : tipwire_ack(), error_() {
    status_ = tipwire_parse_ack(line, length, this, &error_);
  }
  bool ok() const { return status_ == 0; }
  const tipwire_error &error() const { return error_; }
  Variables variables() const {
    tipwire_variables variables = tipwire_variables();
    if (ok()) {
      tipwire_ack_variables_of(this, &variables);
    }
    return Variables(variables);
  }

private:
  int32_t status_;
  tipwire_error error_;
};

/* A PUSH being written into an array or a buffer. */
class Push {
public:
  template <size_t N>
  Push(char (&buffer)[N], const char *auth, const char *serial) : buffer_(buffer) {
    tipwire_push_begin(&writer_, buffer, N, auth, serial);
  }
  Push(char *buffer, size_t size, const char *auth, const char *serial) : buffer_(buffer) {
    tipwire_push_begin(&writer_, buffer, size, auth, serial);
  }
  Push(const Push &) = delete;
  Push &operator=(const Push &) = delete;

  Push &seq(uint32_t seq) { return tipwire_seq(&writer_, seq), *this; }
  Push &number(const char *name, double value, uint8_t decimals) {
    return tipwire_number(&writer_, name, value, decimals), *this;
  }
  Push &number(const char *name, double value) { return tipwire_double(&writer_, name, value), *this; }
  Push &integer(const char *name, int64_t value) {
    return tipwire_integer(&writer_, name, value), *this;
  }
  Push &string(const char *name, const char *value) {
    return tipwire_string(&writer_, name, value), *this;
  }
  Push &boolean(const char *name, bool value) { return tipwire_boolean(&writer_, name, value), *this; }
  Push &position(const char *name, double lat, double lng, uint8_t decimals = 6) {
    return tipwire_position(&writer_, name, lat, lng, decimals), *this;
  }
  Push &put(const tipwire_variable &variable) { return tipwire_put(&writer_, &variable), *this; }
  Push &unit(const char *unit) { return tipwire_unit(&writer_, unit), *this; }
  Push &location(double lat, double lng, uint8_t decimals = 6) {
    return tipwire_location(&writer_, lat, lng, decimals), *this;
  }
  Push &time(uint64_t time) { return tipwire_time(&writer_, time), *this; }
  Push &group(const char *group) { return tipwire_group(&writer_, group), *this; }
  Push &metadata(const char *key, const char *text) {
    return tipwire_pair_put(&writer_, key, text), *this;
  }

  /* Ends the frame, with a line feed; once. Empty if anything went wrong: see error(). */
  Bytes line() { return done(tipwire_finish_line(&writer_)); }
  Bytes frame() { return done(tipwire_finish(&writer_)); }
  tipwire_error error() {
    tipwire_error error = tipwire_error();
    tipwire_writer_error(&writer_, &error);
    return error;
  }

private:
  Bytes done(int32_t length) {
    Bytes bytes = {buffer_, length > 0 ? static_cast<size_t>(length) : 0};
    return bytes;
  }

  tipwire_writer writer_;
  char *buffer_;
};

} // namespace tipwire

#endif /* TIPWIRE_HPP */
