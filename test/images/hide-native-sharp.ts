import { registerHooks } from 'node:module';

/** Preloaded into a process that is to find no native build of sharp, as in a Lambda asset. */
registerHooks({
  resolve(specifier, context, nextResolve) {
    if (/sharp-(?!wasm32).*\.node$/.test(specifier)) throw new Error(`${specifier} is hidden`);
    return nextResolve(specifier, context);
  },
});
