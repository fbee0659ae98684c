r"""Questions that the command line answers: a step, a comparison, what fits, what a request costs, what is known.

Examples
--------
>>> from roofline.ask import compare, facts, fits, price, step
>>> from roofline.batch_size import t_drain
>>> print(facts.formula_answer(t_drain).as_text())
Time to read the whole memory once: the longest pass in which no byte is read twice.
a formula of the chapter Batch size
<BLANKLINE>
t_drain  M/W
unit     s
W        memory bandwidth of one chip [byte/s]
M        memory capacity of one chip [byte]
>>> print(fits.answer("H100", "Llama-3-70B", 64, 8192, 0.1).as_text())
What fits
8 × H100 at fp8 · Llama-3-70B, weights fp8, KV bf16 · batch 64 · context of 8,192 tokens · 10 % of
each chip for other things
<BLANKLINE>
weights                        70.6 GB
cache of one sequence          2.68 GB
weights and all caches         242 GB
memory for them                576 GB
do they fit?                   yes
fewest chips for this          4
largest batch at this context  188
longest context at this batch  24,100 tokens
<BLANKLINE>
All is spread evenly over the chips. Activations and buffers come on top; --other keeps room for
them.
>>> asked = step.answer("H100", "Llama-3-70B", [64], 8192)
>>> print(*asked.as_text().splitlines()[3:8], sep="\n")
                                    batch 64
time of a step, at least            9.04 ms
  arithmetic                        571 µs
  reading weights                   2.63 ms
  reading caches                    6.41 ms
>>> from roofline.ask.answer import Row
>>> isinstance(asked.rows[0], Row), [row.name for row in asked.rows][:4]
(True, ['t_step', 't_compute', 't_weights', 't_kv'])
>>> compare.answer(["H100", "B200"], ["Llama-3-70B"], 64, 8192).title
'Steps of decoding, at least'
>>> price.answer("Claude Opus 4.6", fresh=8000, out=1000).title
'Prices of Claude Opus 4.6'
"""
