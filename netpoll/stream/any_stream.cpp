// Room: netpoll. See any_stream.hpp.

#include <weft/netpoll/any_stream.hpp>

#include <string>

#include <weft/netpoll/errc.hpp>

#include "closed.hpp"

namespace weft::net {

namespace {

// What the stream behind says; without one, that it is closed.
template <class Call>
std::size_t moved_by(detail::stream_behind* behind, std::error_code& ec, Call call) {
  if (behind != nullptr) return call(*behind);
  ec = detail::closed_before();
  return 0;
}

time_limit at(deadline until) noexcept {
  return std::chrono::steady_clock::time_point(std::chrono::nanoseconds(until.nanoseconds()));
}

}  // namespace

std::size_t any_stream::read(std::span<std::byte> buffer, std::error_code& ec) {
  return moved_by(behind_.get(), ec, [&](auto& stream) { return stream.read(buffer, ec); });
}

std::size_t any_stream::read_into(std::span<const std::span<std::byte>> buffers, std::error_code& ec) {
  return moved_by(behind_.get(), ec, [&](auto& stream) { return stream.read_into(buffers, ec); });
}

chunk any_stream::borrow(std::error_code& ec) {
  if (behind_ != nullptr) return behind_->borrow(ec);
  ec = detail::closed_before();
  return {};
}

std::size_t any_stream::fill(std::span<std::byte> buffer, std::error_code& ec) {
  return moved_by(behind_.get(), ec, [&](auto& stream) { return stream.fill(buffer, ec); });
}

std::size_t any_stream::write(std::span<const std::byte> buffer, std::error_code& ec) {
  return moved_by(behind_.get(), ec, [&](auto& stream) { return stream.write(buffer, ec); });
}

std::size_t any_stream::write_each(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  return moved_by(behind_.get(), ec, [&](auto& stream) { return stream.write_each(buffers, ec); });
}

std::size_t any_stream::write_part(std::span<const std::byte> buffer, std::error_code& ec) {
  return moved_by(behind_.get(), ec, [&](auto& stream) { return stream.write_part(buffer, ec); });
}

std::size_t any_stream::write_from(std::span<const std::span<const std::byte>> buffers, std::error_code& ec) {
  return moved_by(behind_.get(), ec, [&](auto& stream) { return stream.write_from(buffers, ec); });
}

void any_stream::end_writing(std::error_code& ec) {
  if (behind_ == nullptr)
    ec = detail::closed_before();
  else
    behind_->end_writing(ec);
}

void any_stream::move_read_deadline(deadline until, std::error_code& ec) {
  if (behind_ == nullptr)
    ec = detail::closed_before();
  else
    behind_->move_read_deadline(at(until), ec);
}

void any_stream::move_write_deadline(deadline until, std::error_code& ec) {
  if (behind_ == nullptr)
    ec = detail::closed_before();
  else
    behind_->move_write_deadline(at(until), ec);
}

bool any_stream::close_now() noexcept {
  if (behind_ == nullptr) return false;
  std::error_code ec;
  behind_->close(ec);
  return !ec;
}

void any_stream::fail(const std::error_code& ec, const char* call) {
  detail::throw_error(ec, (std::string("any_stream::") + call).c_str());
}

}  // namespace weft::net
