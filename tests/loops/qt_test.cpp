// Qt's event loop inside a fiber, with its application in a thread of its own.

#include <atomic>
#include <memory>
#include <optional>

#include <QCoreApplication>
#include <QMetaObject>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTimer>
#include <gtest/gtest.h>

#include "foreign_loop.hpp"

namespace {

using namespace weft::testing;

class qt_echo final : public foreign_loop {
 public:
  std::uint16_t begin() override {
    QObject::connect(&server_, &QTcpServer::newConnection, [this] {
      while (QTcpSocket* const conn = server_.nextPendingConnection()) serve(conn);
    });
    QObject::connect(&timer_, &QTimer::timeout, [this] { ++ticks_; });
    timer_.start(1);
    EXPECT_TRUE(server_.listen(QHostAddress::LocalHost));
    return server_.serverPort();
  }
  void run() override { QCoreApplication::exec(); }
  [[nodiscard]] int ticks() const override { return ticks_; }
  void stop() override { QMetaObject::invokeMethod(&application_, &QCoreApplication::quit, Qt::QueuedConnection); }

 private:
  static void serve(QTcpSocket* conn) {
    QObject::connect(conn, &QTcpSocket::readyRead, [conn] { conn->write(conn->readAll()); });
    QObject::connect(conn, &QTcpSocket::disconnected, conn, &QObject::deleteLater);
  }

  int count_ = 1;
  char name_[3] = {'q', 't', 0};
  char* names_[2] = {name_, nullptr};
  QCoreApplication application_{count_, names_};
  QTcpServer server_;
  QTimer timer_;
  std::atomic<int> ticks_{0};
};

// One application a process at a time.
std::unique_ptr<foreign_loop> make() { return std::make_unique<qt_echo>(); }

TEST(qt_loop, serves_fibers_from_its_own_thread) { expect_to_serve_fibers(make, seat_of_loop::a_thread_of_its_own); }
TEST(qt_loop, ends_with_the_runtime) { expect_to_end_with_the_runtime(make, seat_of_loop::a_thread_of_its_own); }

}  // namespace
