// A WebSocket server by the npm package ws. Prints its port and ends with its standard input.
//   /numbers?from=N[&count=N]  numbered messages after N; with count, so many and then a close
//   /burst?count=N&bytes=N     messages of a size, as fast as they are taken
//   /paced?count=N&rate=N      messages with the time of sending, so many a second
//   /drop?from=N               as /numbers, but the connection is torn down after every 50 messages
// A token other than "good" in the Authorization header is refused with 401.
const { WebSocketServer } = require('ws');
const http = require('http');

const server = http.createServer();
const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: { threshold: 100 } });

server.on('upgrade', (request, socket, head) => {
  const token = request.headers.authorization;
  if (token && token !== 'Bearer good') {
    socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    return;
  }
  sockets.handleUpgrade(request, socket, head, (connection) => serve(connection, new URL(request.url, 'ws://localhost')));
});

function serve(connection, url) {
  const number = (name, otherwise) => Number(url.searchParams.get(name) || otherwise);
  connection.on('error', () => {});
  switch (url.pathname) {
    case '/burst': return burst(connection, number('count', 0), number('bytes', 200));
    case '/paced': return paced(connection, number('count', 0), number('rate', 1000));
    default: return numbers(connection, number('from', 0), number('count', 0), url.pathname === '/drop');
  }
}

async function numbers(connection, from, count, drops) {
  for (let sent = 1; connection.readyState === 1; sent++) {
    const text = JSON.stringify({ number: from + sent, name: `ünïcode ${from + sent}`, text: 'again and '.repeat(20) });
    if (sent % 3 === 0) {
      const bytes = Buffer.from(text);
      connection.send(bytes.subarray(0, 17), { fin: false, binary: false });
      await new Promise((next) => connection.send(bytes.subarray(17), { fin: true, binary: false }, next));
    } else {
      await new Promise((next) => connection.send(text, next));
    }
    if (drops && sent === 50) return connection.terminate();
    if (count && sent === count) return connection.close(1001, 'enough');
  }
}

async function burst(connection, count, bytes) {
  for (let number = 1; number <= count && connection.readyState === 1; number++) {
    const message = `{"number":${number},"text":"`;
    connection.send(message + 'x'.repeat(bytes - message.length - 2) + '"}', { compress: false });
    if (number % 256 === 0 && connection.bufferedAmount > 1 << 20) {
      await new Promise((next) => connection._socket.once('drain', next));
    }
  }
}

function paced(connection, count, rate) {
  const started = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(count, Math.floor(((performance.now() - started) * rate) / 1000));
    for (; sent < due; sent++) {
      const message = `{"number":${sent + 1},"at":${(performance.timeOrigin + performance.now()) * 1000},"text":"`;
      connection.send(message + 'x'.repeat(Math.max(0, 198 - message.length)) + '"}', { compress: false });
    }
    if (sent >= count || connection.readyState !== 1) clearInterval(timer);
  }, 1);
}

process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
