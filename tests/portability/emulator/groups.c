/* A socket joins a group of receivers by MCAST_JOIN_GROUP.
 * Tests: udp_socket.members_of_a_group_hear* */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/socket.h>

int main(void) {
  struct group_req group = {.gr_interface = if_nametoindex("lo")};
  struct sockaddr_in* address = (struct sockaddr_in*)&group.gr_group;
  address->sin_family = AF_INET;
  address->sin_addr.s_addr = htonl(0xE0000133);
  return setsockopt(socket(AF_INET, SOCK_DGRAM, 0), IPPROTO_IP, MCAST_JOIN_GROUP, &group, sizeof group) != 0;
}
