// A device's way to its server: a stream, or datagrams.

import dgram from "node:dgram";
import net from "node:net";
import tls from "node:tls";

export interface Link {
  write(bytes: Uint8Array): void;
  /** Ends it. Nothing is told of it after that. */
  close(): void;
}

export interface Place {
  host: string;
  port: number;
  /** TLS, with these options if there are any. */
  tls?: boolean | tls.ConnectionOptions | undefined;
}

/** What becomes of a link. */
export interface Told {
  opened(): void;
  received(bytes: Uint8Array): void;
  lost(reason: Error | undefined): void;
}

/** How long a peer is waited for that does not read what was sent last, in milliseconds. */
const LINGER = 5000;

/** Ends a socket when what was sent has arrived, or when that takes too long. */
export function endSoon(socket: net.Socket): void {
  if (socket.destroyed) return;
  socket.destroySoon();
  const late = setTimeout(() => socket.destroy(), LINGER);
  socket.once("close", () => clearTimeout(late));
}

export function openStream({ host, port, tls: options }: Place, told: Told): Link {
  const isSecure = options !== undefined && options !== false;
  const server = { host, port };
  // A name that is an address is none.
  const named = net.isIP(host) === 0 ? { servername: host } : {};
  const socket = isSecure ? tls.connect({ ...named, ...(options === true ? {} : options), ...server }) : net.connect(server);
  let reason: Error | undefined;
  let isOpen = false;
  socket.setNoDelay(true);
  socket.on(isSecure ? "secureConnect" : "connect", () => {
    isOpen = true;
    told.opened();
  });
  socket.on("data", (bytes: Uint8Array) => told.received(bytes));
  socket.on("error", (error) => (reason = error));
  socket.on("close", () => told.lost(reason));
  return {
    write: (bytes) => void socket.write(bytes),
    close() {
      socket.removeAllListeners("data");
      socket.removeAllListeners("close");
      // Where nothing was sent yet there is nobody to wait for.
      if (isOpen) endSoon(socket);
      else socket.destroy();
    },
  };
}

export function openDatagrams({ host, port }: Place, told: Told): Link {
  const socket = dgram.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
  let isConnected = false;
  socket.on("connect", () => {
    isConnected = true;
    told.opened();
  });
  socket.on("message", (bytes) => told.received(bytes));
  socket.on("error", (error) => {
    // That nobody listened there now says nothing about the next datagram.
    if (!isConnected) told.lost(error);
  });
  socket.connect(port, host);
  return {
    write: (bytes) => socket.send(bytes),
    close() {
      socket.removeAllListeners("message");
      socket.removeAllListeners("connect");
      socket.close();
    },
  };
}
