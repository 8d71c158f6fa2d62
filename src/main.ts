import { keepCompiledCode } from '#kernel/startup/compiled-code'

// `npm start`. The rest is imported after the compile cache is on, so that the next start reads it from there.
keepCompiledCode()
const { serveProduct } = await import('./server.ts')
await serveProduct(process.env)
