import { keepCompiledCode } from '#kernel/startup/compiled-code'

// `npm start`. The rest is imported once compiled code is kept, so that the next start reads it.
keepCompiledCode()
const { serveProduct } = await import('./server.ts')
await serveProduct(process.env)
