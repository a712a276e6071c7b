"""Forecasts where tables are kept in parts: one callable from frames to frames, and Spark, Ray and Dask around it."""

from segue.engines.backtesting import backtest_partitions as backtest_partitions
from segue.engines.forecasting import forecast_partitions as forecast_partitions
from segue.engines.on_dask import dask as dask
from segue.engines.on_ray import ray as ray
from segue.engines.on_spark import spark as spark
from segue.engines.partitions import Partitions as Partitions
