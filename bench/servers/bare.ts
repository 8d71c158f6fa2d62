// The baseline: a node:http server that only parses the JSON-RPC request and answers it.
import { createServer } from 'node:http'
import { readFileSync } from 'node:fs'
import { listen } from './ready.ts'

interface Call {
  readonly id: number
  readonly method: string
  readonly params: { readonly arguments?: { readonly text?: string } }
}

const cachedList = process.argv[2] === undefined ? undefined : readFileSync(process.argv[2])

listen(
  createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', () => {
      // safe because: only the load generator of this folder talks to this server.
      const call = JSON.parse(Buffer.concat(chunks).toString()) as Call
      if (cachedList !== undefined && call.method === 'tools/list') {
        const head = Buffer.from(`{"jsonrpc":"2.0","id":${call.id},"result":`)
        const length = head.length + cachedList.length + 1
        res.writeHead(200, { 'content-type': 'application/json', 'content-length': length })
        res.write(head)
        res.write(cachedList)
        res.end('}')
        return
      }
      const echo = { text: call.params.arguments?.text ?? '' }
      const result = {
        content: [{ type: 'text', text: JSON.stringify(echo) }],
        structuredContent: echo,
        isError: false,
        resultType: 'complete',
      }
      const body = JSON.stringify({ jsonrpc: '2.0', id: call.id, result })
      res.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      res.end(body)
    })
  }),
)
